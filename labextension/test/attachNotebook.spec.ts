import { spawnSync } from 'node:child_process';

import { attachedNotebook } from '../src/campaigns/attachNotebook';

/** Executes the cells that it reads as a notebook does, and writes what %asyncmd was told. */
const IPYTHON = `
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
told = []
shell.register_magic_function(told.append, magic_name="asyncmd")
shell.register_magic_function(lambda line: None, magic_name="load_ext")
shell.user_ns["ran"] = ran = []
for source in json.load(sys.stdin):
    assert shell.run_cell(source).success, source
print(json.dumps({"told": told, "ran": ran}))
`;

test('no name of a run is evaluated where the cells of a notebook are', () => {
  const hostile = [
    '{ran.append(1)}',
    '$ran',
    'a b',
    "'\n!touch x\n'",
    '"; ran.append(1); "'
  ];
  const runs = ['left', ...hostile, 'right-1.b'];
  const place = { title: hostile.join(), runs, stopped: runs };
  const { cells } = attachedNotebook(null, place) as {
    cells: { cell_type: string; source: string }[];
  };
  const sources = cells
    .filter(cell => cell.cell_type === 'code')
    .map(cell => cell.source);
  const { stdout, stderr } = spawnSync('python', ['-c', IPYTHON], {
    input: JSON.stringify(sources),
    encoding: 'utf8'
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    told: ['attach --only left right-1.b', 'resume left right-1.b'],
    ran: []
  });
});
