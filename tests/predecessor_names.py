"""What scripts of `asyncmd` 0.5 import and call: names and parameters, in a table of our own.

Behind a name stand its parameters as in a lambda: those behind ``*`` are keyword-only, ``...`` is
a default that nobody relies on. Ours may take more, behind these or by keyword.
"""

from __future__ import annotations

LIMITS = "*, sinfo_executable=..., sacct_executable=..., sbatch_executable=..., " + (
    "scancel_executable=..., min_time_between_sacct_calls=..., num_fails_for_broken_node=..., "
    "success_to_fail_ratio=..., exclude_nodes=..."
)
MDA = "mda_transformations=None, mda_transformations_setup_func=None"
GMX = (
    "mdconfig, gro_file, top_file, *, ndx_file=None, grompp_executable='gmx grompp', "
    "mdrun_executable={mdrun!r}, grompp_extra_args='', mdrun_extra_args='', "
    "output_traj_type='xtc', mdrun_time_conversion_factor={factor}"
)
CONFIGURATION = "self, conf_in, conf_out_name, *, workdir='.'"
EXTRACT = "self, outfile, traj_in, idx, *, struct_out=None, overwrite=False"
CONCATENATE = "self, trajs, slices, tra_out, *, struct_out=None, overwrite=False"
PROPAGATE = "self, starting_configuration, workdir, deffnm, *, {more}continuation=False{kwargs}"
REMOVE = (
    "self, workdir, deffnm, *, file_endings_to_remove=..., "
    "remove_mda_offset_and_lock_files=True, remove_asyncmd_npz_caches=True"
)
PROPAGATOR_METHODS = {
    "propagate": PROPAGATE.format(more="", kwargs=""),
    "cut_and_concatenate": "self, trajs, tra_out, **kwargs",
    "propagate_and_concatenate": PROPAGATE.format(more="tra_out, ", kwargs=", **kwargs"),
    "remove_parts": REMOVE,
}
TO_PATH = "*, minus_trajs, minus_state, plus_trajs, plus_state, state_funcs, tra_out, **kwargs"
PROCESS = "jobname, sbatch_script, {star}workdir=None, time=None, sbatch_options=None"
CACHES = "copy_content=True, clear_old_cache=False"

CALLS: dict[str, str] = {
    "config.set_max_process": "num=None, max_num=None",
    "config.set_max_files_open": "num=None, margin=30",
    "config.set_slurm_max_jobs": "num",
    "config.set_trajectory_cache_type": f"cache_type, {CACHES}",
    "config.register_h5py_cache": f"h5py_group, copy_h5py=False, {CACHES}",
    "config.deregister_h5py_cache": "h5py_group",
    "config.show_config": "",
    "config.set_slurm_settings": LIMITS,
    "config.set_all_slurm_settings": LIMITS,
    "slurm.set_slurm_settings": LIMITS,
    "slurm.set_all_slurm_settings": LIMITS,
    "Trajectory": "trajectory_files, structure_file, nstout=None",
    "Trajectory.clear_all_cache_values": "self",
    "Trajectory.update_cache_type": f"self, {CACHES}",
    "Trajectory.deregister_h5py_cache": "self, h5py_group",
    "trajectory.trajectory.clear_all_cache_values_for_all_trajectories": "",
    "trajectory.trajectory.update_cache_type_for_all_trajectories": CACHES,
    "trajectory.trajectory.deregister_h5py_cache_for_all_trajectories": "h5py_group",
    "trajectory.PyTrajectoryFunctionWrapper": "function, call_kwargs=None",
    "trajectory.SlurmTrajectoryFunctionWrapper": (
        "executable, sbatch_script, *, sbatch_options=None, call_kwargs=None, "
        "load_results_func=None"
    ),
    "trajectory.NoModificationFrameExtractor": f"*, {MDA}",
    "trajectory.InvertedVelocitiesFrameExtractor": f"*, {MDA}",
    "trajectory.RandomVelocitiesFrameExtractor": f"T, *, {MDA}",
    "trajectory.convert.FrameExtractor.extract": EXTRACT,
    "trajectory.convert.FrameExtractor.extract_async": EXTRACT,
    "trajectory.convert.FrameExtractor.apply_modification": "self, universe, ts",
    "trajectory.TrajectoryConcatenator": (
        f"invert_v_for_negative_step=True, remove_double_frames=True, *, {MDA}"
    ),
    "trajectory.TrajectoryConcatenator.concatenate": CONCATENATE,
    "trajectory.TrajectoryConcatenator.concatenate_async": CONCATENATE,
    "trajectory.convert.construct_tp_from_plus_and_minus_traj_segments": TO_PATH,
    "trajectory.propagate.construct_tp_from_plus_and_minus_traj_segments": TO_PATH,
    "trajectory.InPartsTrajectoryPropagator": (
        "n_steps, *, engine_cls, engine_kwargs, walltime_per_part"
    ),
    "trajectory.ConditionalTrajectoryPropagator": (
        "conditions, *, engine_cls, engine_kwargs, walltime_per_part, max_steps=None, "
        "max_frames=None"
    ),
    "mdengine.MDEngine.apply_constraints": CONFIGURATION,
    "mdengine.MDEngine.generate_velocities": CONFIGURATION,
    "mdengine.MDEngine.prepare": "self, starting_configuration, workdir, deffnm",
    "mdengine.MDEngine.prepare_from_files": "self, workdir, deffnm",
    "mdengine.MDEngine.run": "self, nsteps=None, walltime=None, steps_per_part=False",
    "mdengine.MDEngine.run_steps": "self, nsteps, steps_per_part=False",
    "mdengine.MDEngine.run_walltime": "self, walltime, max_steps=None",
    "gromacs.GmxEngine": GMX.format(mdrun="gmx mdrun", factor=1.0),
    "gromacs.SlurmGmxEngine": (
        GMX.format(mdrun="gmx_mpi mdrun", factor=0.99) + ", sbatch_script=..., sbatch_options=None"
    ),
    "gromacs.MDP": "original_file",
    "gromacs.MDP.parse": "self",
    "gromacs.MDP.write": "self, outfile, overwrite=False",
    "gromacs.utils.nstout_from_mdp": "mdp, traj_type='TRR'",
    "gromacs.utils.get_all_traj_parts": "folder, deffnm, traj_type='TRR'",
    "gromacs.utils.get_all_file_parts": "folder, deffnm, file_ending",
    "gromacs.utils.ensure_mdp_options": "mdp, genvel='no', continuation='yes'",
    "utils.get_all_traj_parts": "folder, deffnm, engine",
    "utils.get_all_file_parts": "folder, deffnm, file_ending, engine",
    "utils.nstout_from_mdconfig": "mdconfig, output_traj_type",
    "utils.ensure_mdconfig_options": "mdconfig, genvel='no', continuation='yes'",
    "slurm.SlurmProcess": PROCESS.format(star="*, "),
    "slurm.SlurmProcess.set_sbatch_option": "self, key, value",
    "slurm.SlurmProcess.del_sbatch_option": "self, key",
    "slurm.SlurmProcess.submit": "self, stdin=None",
    "slurm.SlurmProcess.wait": "self",
    "slurm.SlurmProcess.communicate": "self, input=None",
    "slurm.SlurmProcess.send_signal": "self, signal",
    "slurm.SlurmProcess.terminate": "self",
    "slurm.SlurmProcess.kill": "self",
    "slurm.create_slurmprocess_submit": PROCESS.format(star="")
    + ", stdfiles_removal='success', stdin=None",
}
for name in (
    "InPartsTrajectoryPropagator",
    "ConditionalTrajectoryPropagator",
    "TrajectoryPropagatorUntilAnyState",
):
    CALLS |= {f"trajectory.{name}.{key}": text for key, text in PROPAGATOR_METHODS.items()}
for module in ("gromacs.mdengine", "gromacs"):
    for name in ("GmxEngine", "SlurmGmxEngine"):
        own = {key.rpartition(".")[2]: text for key, text in CALLS.items() if ".MDEngine." in key}
        CALLS |= {f"{module}.{name}.{key}": text for key, text in own.items()}

NAMES: dict[str, str] = {
    "": ("__version__ Trajectory config trajectory gromacs openmm slurm utils mdengine mdconfig"),
    "trajectory": ("Trajectory TrajectoryFunctionWrapper FrameExtractor trajectory_cache"),
    "trajectory.convert": (
        "NoModificationFrameExtractor TrajectoryConcatenator InvertedVelocitiesFrameExtractor "
        "RandomVelocitiesFrameExtractor"
    ),
    "trajectory.propagate": (
        "ConditionalTrajectoryPropagator InPartsTrajectoryPropagator MaxStepsReachedError "
        "TrajectoryPropagatorUntilAnyState"
    ),
    "trajectory.functionwrapper": (
        "PyTrajectoryFunctionWrapper SlurmTrajectoryFunctionWrapper TrajectoryFunctionWrapper"
    ),
    "trajectory.trajectory": "Trajectory",
    "mdengine": "EngineError EngineCrashedError",
    "gromacs.mdengine": "EngineError EngineCrashedError",
    "gromacs.mdconfig": "MDP",
    "mdconfig": "MDConfig LineBasedMDConfig",
    "slurm.process": (
        "SlurmProcess SlurmSubmissionError SlurmCancellationError create_slurmprocess_submit"
    ),
    "slurm.cluster_mediator": "SlurmClusterMediator SlurmError",
    "slurm.constants_and_errors": (
        "SLURM_STATE_TO_EXITCODE SlurmError SlurmCancellationError SlurmSubmissionError"
    ),
    "Trajectory": (
        "trajectory_files structure_file trajectory_hash first_step last_step dt first_time "
        "last_time nstout"
    ),
    "trajectory.TrajectoryFunctionWrapper": (
        "id call_kwargs _get_id_str _get_values_for_trajectory"
    ),
    "trajectory.SlurmTrajectoryFunctionWrapper": (
        "executable sbatch_script sbatch_options slurm_jobname"
    ),
    "trajectory.RandomVelocitiesFrameExtractor": "T",
    "trajectory.ConditionalTrajectoryPropagator": "conditions",
    "mdengine.MDEngine": (
        "current_trajectory output_traj_type steps_done frames_done time_done nstout dt"
    ),
    "gromacs.GmxEngine": (
        "workdir gro_file top_file ndx_file mdp mdconfig tpr_file deffnm simulation_part "
        "grompp_executable mdrun_executable grompp_extra_args mdrun_extra_args "
        "mdrun_time_conversion_factor output_traj_type"
    ),
    "gromacs.MDP": "original_file changed",
    "mdconfig.LineBasedMDConfig": "_parse_line",
    "slurm.SlurmProcess": (
        "sleep_time sbatch_executable scancel_executable slurm_cluster_mediator time "
        "sbatch_options stdfiles_removal slurm_jobid nodes slurm_job_state returncode"
    ),
}
