@"%NETPOL_LAB_PYTHON%" -P "%~dp0..\jq_program.py" %*
