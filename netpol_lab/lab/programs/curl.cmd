@"%NETPOL_LAB_PYTHON%" -IS "%~dp0..\bridge_client.py" curl %*
