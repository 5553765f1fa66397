import type { Contents, KernelSpec } from '@jupyterlab/services';

import { renameToFree } from '../notebook';
import { attachCommand, resumeCommand, safeStem, type IPlace } from './places';

const RESUME_NOTE =
  'The next cell lets what failed, was cancelled or came to its limit go on from where it ' +
  'stopped. Mend first what made it fail; after a limit, add a larger one, such as ' +
  '`--max-steps 2e6`.';

/** Write a notebook that takes back what was started. */
export async function createAttachedNotebook(
  contents: Contents.IManager,
  specs: KernelSpec.ISpecModels | null,
  place: IPlace
): Promise<string> {
  const folder = place.attachFolder ?? '';
  const draft = await contents.newUntitled({ path: folder, type: 'notebook' });
  try {
    await contents.save(draft.path, {
      type: 'notebook',
      format: 'json',
      content: attachedNotebook(specs, place)
    });
    const stem = `attached-${safeStem(place.title)}`;
    return await renameToFree(contents, draft.path, folder, stem, '.ipynb');
  } catch (error) {
    await contents.delete(draft.path);
    throw error;
  }
}

/** What stands in the notebook. */
export function attachedNotebook(
  specs: KernelSpec.ISpecModels | null,
  { title, runs, stopped }: Pick<IPlace, 'title' | 'runs' | 'stopped'>
): object {
  const name = pythonKernel(specs);
  const display = specs?.kernelspecs[name]?.display_name ?? 'Python 3';
  return {
    cells: [
      cell('title', 'markdown', `# ${plainMarkdown(title)}`),
      code('load', '%load_ext asyncmd_jupyter'),
      code('attach', attachCommand(runs)),
      ...(stopped.length > 0 ? resumeCells(stopped) : [])
    ],
    metadata: {
      kernelspec: { name, display_name: display, language: 'python' }
    },
    nbformat: 4,
    nbformat_minor: 5
  };
}

/** A text that Markdown shows as it is: names of jobs and campaigns may be anything. */
export function plainMarkdown(text: string): string {
  const line = text.replace(/[\s\p{C}]+/gu, ' ').trim();
  return line.replace(/[!-/:-@[-^`{-~]/g, letter =>
    '-.,'.includes(letter) ? letter : `\\${letter}`
  );
}

/** Nothing that has stopped goes on before somebody wants it. */
function resumeCells(stopped: readonly string[]): object[] {
  return [
    cell('resume-note', 'markdown', RESUME_NOTE),
    code('resume', resumeCommand(stopped))
  ];
}

/** The usual kernel, if it speaks Python. */
export function pythonKernel(specs: KernelSpec.ISpecModels | null): string {
  const all = specs?.kernelspecs ?? {};
  const usual = specs?.default ?? '';
  const isPython = (name: string): boolean => all[name]?.language === 'python';
  return isPython(usual)
    ? usual
    : (Object.keys(all).find(isPython) ?? 'python3');
}

function code(id: string, source: string): object {
  return { ...cell(id, 'code', source), execution_count: null, outputs: [] };
}

function cell(id: string, type: string, source: string): object {
  return { id, cell_type: type, metadata: {}, source };
}
