@"%NETPOL_LAB_PYTHON%" -P -c "from netpol_lab.lab.cli import main; main(prog_name='netpol-lab')" %*
