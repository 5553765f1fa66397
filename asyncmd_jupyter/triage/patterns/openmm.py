"""What OpenMM says, in our worker and in scripts of users."""

from __future__ import annotations

from asyncmd_jupyter.triage.pattern import GENERAL
from asyncmd_jupyter.triage.saying import Says

_says = Says("openmm", "openmm")

PATTERNS = (
    _says(
        "nan",
        r"Particle (?:coordinate|position) is NaN|Energy is (?:NaN|infinite)"
        r"|^.*The simulation blew up: \w+ are not finite at step \d+.*",
        "The simulation blew up",
        "Positions or energies are no numbers any more: forces have got too large.",
        "Make the time step smaller; 2 fs needs constraints=HBonds, 4 fs heavier hydrogens.",
        "Minimize the start and draw new velocities; look for atoms that overlap in it.",
        "Check units: OpenMM counts in nm, ps and kJ/mol.",
        quote=r"^.*(?:is NaN|is infinite|The simulation blew up: ).*",
    ),
    _says(
        "platform",
        r"There is no registered Platform called \".*\"",
        "No such platform",
        "This OpenMM has no such platform, or could not load it.",
        "platform='auto' takes the best one; openmm.Platform.getPluginLoadFailures() tells why.",
        "For CUDA install 'openmm[cuda12]' or the conda package that fits the driver.",
    ),
    _says(
        "gpu",
        r"CUDA_ERROR_\w+|Error (?:initializing|loading|compiling|launching|creating) \w*(?:CUDA|"
        r"OpenCL|HIP|kernel|program)\w*.*|No compatible (?:CUDA|OpenCL|HIP) device is available"
        r"|Illegal (?:DeviceIndex|value for DeviceIndex).*|clGetDeviceIDs|CL_\w+ERROR"
        r"|Specified (?:device|OpenCLPlatformIndex).*",
        "GPU can't be used",
        "The GPU, its driver or its memory failed, or no GPU is given to the job.",
        "Ask for one with sbatch_options={'gres': 'gpu:1'}, and leave DeviceIndex out.",
        "Look at 'nvidia-smi' on the node: another program may have it, or the driver is too old.",
    ),
    _says(
        "template",
        r"No template found for residue .*|The set of atoms (?:matches|is similar to) .*"
        r"|Multiple non-identical matching templates found",
        "Residue unknown to the force field",
        "The force field has no template for a residue with these atoms and bonds.",
        "Add missing hydrogens (Modeller.addHydrogens) or terminal groups (PDBFixer).",
        "For a ligand load its parameters too; names of atoms do not matter, bonds do.",
    ),
    _says(
        "box",
        r"cutoff distance cannot be greater than half the periodic box size"
        r"|periodic box size has decreased to less than twice the (?:nonbonded )?cutoff",
        "Box too small for the cut-off",
        "The periodic box is smaller than twice the cut-off, so atoms would see their own images.",
        "Use a larger box, or a smaller nonbondedCutoff.",
        "If it shrank: equilibrate at constant volume first, and check the barostat's pressure.",
    ),
    _says(
        "number",
        r"Called set(?:Positions|Velocities)\(\) on a Context with the wrong number of"
        r"|number of (?:particles|atoms) .* does not match|must have the same number of atoms",
        "Atoms and system differ",
        "The start has another number of atoms than the system.",
        "Make system and start from the same topology, water and hydrogens included.",
    ),
    _says(
        "checkpoint",
        r"loadCheckpoint: .*|Checkpoint (?:header was not correct|was created with a different)",
        "Checkpoint of another system",
        "The checkpoint does not belong to this system, platform or version of OpenMM.",
        "Go on with the same system; or start a new run from the last frame.",
    ),
    _says(
        "properties",
        r"Illegal property name.*|Illegal value for .*|Invalid value for property .*",
        "Unknown platform property",
        "The platform does not know one of platform_properties, or its value.",
        "OpenMM's user guide lists them; 'Threads' is of CPU, 'Precision' of GPUs.",
    ),
    _says(
        "error",
        r"^(?:openmm\.)?OpenMMException: .*",
        "OpenMM failed",
        "OpenMM gave up with the error that is shown.",
        "Look for it at https://github.com/openmm/openmm/wiki/Frequently-Asked-Questions.",
        priority=GENERAL + 5,
    ),
)
