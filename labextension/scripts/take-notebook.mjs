// The bundle carries the very notebook that the Python package carries, so that
// the two can't drift apart: it is copied at each build and never committed.
import { readFileSync, writeFileSync } from 'node:fs';

const source = new URL('../../notebooks/quickstart.ipynb', import.meta.url);
const target = new URL('../src/quickstart.json', import.meta.url);

const notebook = JSON.parse(readFileSync(source, 'utf8'));
for (const cell of notebook.cells) {
  if (cell.cell_type === 'code') {
    cell.execution_count = null;
    cell.outputs = [];
  }
}
writeFileSync(target, JSON.stringify(notebook));
