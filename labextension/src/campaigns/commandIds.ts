/** Names of commands, as settings, shortcuts and other extensions use them. */
export const Command = {
  show: 'asyncmd:show-campaigns',
  others: 'asyncmd:toggle-other-jobs',
  ofNotebook: 'asyncmd:show-runs-of-notebook',
  reconnect: 'asyncmd:reconnect',
  cancel: 'asyncmd:cancel-jobs',
  hold: 'asyncmd:hold-jobs',
  release: 'asyncmd:release-jobs',
  requeue: 'asyncmd:requeue-jobs',
  log: 'asyncmd:show-job-log',
  folder: 'asyncmd:open-work-folder',
  copyPath: 'asyncmd:copy-work-folder-path',
  notebook: 'asyncmd:open-source-notebook',
  attach: 'asyncmd:new-attached-notebook',
  remove: 'asyncmd:remove-from-list',
  putBack: 'asyncmd:put-back-on-list'
} as const;

/** What can be done with chosen lines, in the order of its buttons. */
export const ON_LINES = [
  Command.cancel,
  Command.hold,
  Command.release,
  Command.requeue,
  Command.folder,
  Command.copyPath,
  Command.notebook,
  Command.attach,
  Command.remove,
  Command.putBack
] as const;
