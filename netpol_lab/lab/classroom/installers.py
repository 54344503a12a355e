"""What stands in a bundle beside the wheels. ``@PYTHON@`` and ``@PLATFORM@`` are filled in."""

SHELL = """#!/bin/sh
# Installs netpol-lab from this folder, without the Internet:  sh install.sh [ENVIRONMENT]
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
place=${1:-$HOME/netpol-lab-env}

found=
for python in python@PYTHON@ python3 python; do
    if "$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@PYTHON@")' 2>/dev/null; then
        found=$python
        break
    fi
done
if [ -z "$found" ]; then
    echo "These wheels are for Python @PYTHON@ on @PLATFORM@, and there is no Python @PYTHON@ on this machine." >&2
    exit 1
fi
if ! "$found" -m venv "$place"; then
    echo "$found cannot make an environment in $place. On Debian and Ubuntu: apt install python@PYTHON@-venv" >&2
    exit 1
fi
"$place/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links "$here/wheels" netpol-lab
"$place/bin/netpol-lab" doctor
echo "To begin: $place/bin/netpol-lab lab"
"""

POWERSHELL = """# Installs netpol-lab from this folder, without the Internet:
#   powershell -ExecutionPolicy Bypass -File install.ps1 [ENVIRONMENT]
param([string]$Place = (Join-Path $HOME "netpol-lab-env"))
$ErrorActionPreference = "Stop"
$ask = 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@PYTHON@")'.Replace('"', "'")
$found = $null
foreach ($words in @(@("py", "-@PYTHON@"), @("python@PYTHON@"), @("python3"), @("python"))) {
    $program = $words[0]
    $rest = @($words | Select-Object -Skip 1)
    if (Get-Command $program -ErrorAction SilentlyContinue) {
        & $program @rest -c $ask 2>$null
        if ($LASTEXITCODE -eq 0) { $found = $words; break }
    }
}
if (-not $found) {
    Write-Error "These wheels are for Python @PYTHON@ on @PLATFORM@, and there is no Python @PYTHON@ on this machine."
}
$program = $found[0]
$rest = @($found | Select-Object -Skip 1)
& $program @rest -m venv $Place
if ($LASTEXITCODE -ne 0) { Write-Error "No environment could be made in $Place." }
$scripts = if (Test-Path (Join-Path $Place "Scripts")) { "Scripts" } else { "bin" }
$inside = Join-Path $Place $scripts
$wheels = Join-Path $PSScriptRoot "wheels"
$pip = @("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--find-links", $wheels)
& (Join-Path $inside "python") @pip netpol-lab
if ($LASTEXITCODE -ne 0) { Write-Error "pip could not install netpol-lab." }
& (Join-Path $inside "netpol-lab") doctor
Write-Output "To begin: $(Join-Path $inside 'netpol-lab') lab"
"""

READ_ME = """netpol-lab, for machines without the Internet: Python @PYTHON@ on @PLATFORM@

Linux and macOS:  sh install.sh
Windows:          powershell -ExecutionPolicy Bypass -File install.ps1

Either makes an environment in your home folder (netpol-lab-env), or in the folder that you name after it, and nothing
else. It ends with a check of everything (`netpol-lab doctor`) and the line that begins. To undo it, delete that folder.

From a clone of the sources: pip install --no-index --find-links wheels CLONE. What builds it is among the wheels.
"""
