"""Python programs: functions of users, OpenMM in scripts of theirs, limits of the process."""

from __future__ import annotations

import sys
from pathlib import Path

from triage.scenes import Scene, Stage


def python(code: str, name: str = "program.py", limits: str = "") -> Stage:
    """Run code as a program, perhaps under limits of a shell."""

    def stage(folder: Path) -> Scene:
        (folder / name).write_text(code)
        if not limits:
            return Scene((sys.executable, name))
        return Scene(("bash", "-c", f'{limits} && exec "{sys.executable}" {name}'))

    return stage


FUNCTION = """\
import numpy as np

def distance(positions):
    return np.linalg.norm(positions[:, 30] - positions[:, 22])

def main():
    print("evaluating", flush=True)
    print(distance(np.zeros((5, 22, 3))))

main()
"""
AS_NOBODY = """\
import os
open("secret", "w").close()
os.chmod("secret", 0)
if os.getuid() == 0:
    os.setuid(65534)
open("secret")
"""
MANY_FILES = "kept = [open('many', 'w') for _ in range(10_000)]\n"
THREADS = """\
import threading
stop = threading.Event()
threads = [threading.Thread(target=stop.wait, daemon=True) for _ in range(300)]
for thread in threads:
    thread.start()
"""
SYSTEM = """\
import openmm
from openmm import app, unit
system = openmm.System()
force = openmm.NonbondedForce()
for number in range(2):
    system.addParticle(40)
    force.addParticle(0, 0.34, 1)
system.addForce(force)
"""
NAN = f"""{SYSTEM}
context = openmm.Context(system, openmm.VerletIntegrator(1), openmm.Platform.getPlatform("CPU"))
context.setPositions([[0, 0, 0], [1e-4, 0, 0]])
context.getIntegrator().step(100)
"""
BOX = f"""{SYSTEM}
force.setNonbondedMethod(force.CutoffPeriodic)
force.setCutoffDistance(2)
system.setDefaultPeriodicBoxVectors([3, 0, 0], [0, 3, 0], [0, 0, 3])
openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
"""
NUMBER = f"""{SYSTEM}
context = openmm.Context(system, openmm.VerletIntegrator(1), openmm.Platform.getPlatform("CPU"))
context.setPositions([[0, 0, 0]])
"""
MASSLESS = f"""{SYSTEM}
system.setParticleMass(0, 0)
system.addConstraint(0, 1, 0.1)
openmm.Context(system, openmm.VerletIntegrator(1), openmm.Platform.getPlatform("CPU"))
"""
CHECKPOINT = f"""{SYSTEM}
context = openmm.Context(system, openmm.VerletIntegrator(1), openmm.Platform.getPlatform("CPU"))
context.loadCheckpoint(b"nonsense")
"""
PROPERTY = f"""{SYSTEM}
platform = openmm.Platform.getPlatform("CPU")
openmm.Context(system, openmm.VerletIntegrator(1), platform, {{"Nonsense": "1"}})
"""
TEMPLATE = """\
from openmm import app
topology = app.Topology()
residue = topology.addResidue("XYZ", topology.addChain())
topology.addAtom("C1", app.element.carbon, residue)
app.ForceField("amber99sbildn.xml").createSystem(topology)
"""
BLOWN_UP = """\
import asyncio, sys
from pathlib import Path
from asyncmd_jupyter.errors import EngineCrashedError
from engine_systems import exploding_engine

async def main():
    engine = exploding_engine()
    await engine.prepare(None, ".", "sim")
    try:
        await engine.run(nsteps=1000)
    except EngineCrashedError:
        print(next(Path().glob(".asyncmd_jobs/*/stderr.txt")).read_text())

asyncio.run(main())
"""
MEMORY = "ulimit -v 2000000"

SCENES: dict[str, Stage] = {
    "python-error": python(FUNCTION),
    "python-module": python("import numpy\nimport nonsense_of_mine\n"),
    "python-import": python("from numpy import nonsense\n"),
    "python-syntax": python("match = 3\ndef broken(:\n    pass\n"),
    "file-missing": python("open('nonsense.xtc', 'rb')\n"),
    "file-permission": python(AS_NOBODY),
    "file-exists": python("open('there', 'w').close()\nopen('there', 'x')\n"),
    "limit-memory": python("letters = 'x' * 4_000_000_000\n", limits=MEMORY),
    "limit-memory.numpy": python("import numpy\nnumpy.ones((2**30,))\n", limits=MEMORY),
    "limit-files": python(MANY_FILES, limits="ulimit -n 64"),
    "limit-file-size": python("open('big', 'w').write('x' * 3_000_000)\n", limits="ulimit -f 1000"),
    "limit-disk": python("with open('/dev/full', 'w') as file:\n    file.write('x')\n"),
    "limit-stack": python("def deeper(n):\n    return deeper(n + 1)\n\ndeeper(0)\n"),
    "openmm-nan": python(NAN),
    "openmm-nan.worker": python(BLOWN_UP),
    "openmm-error": python(MASSLESS),
    "openmm-box": python(BOX),
    "openmm-number": python(NUMBER),
    "openmm-checkpoint": python(CHECKPOINT),
    "openmm-properties": python(PROPERTY),
    "openmm-platform": python("import openmm\nopenmm.Platform.getPlatformByName('Nonsense')\n"),
    "openmm-template": python(TEMPLATE),
}
