import { PathExt } from '@jupyterlab/coreutils';
import type { Contents, KernelSpec } from '@jupyterlab/services';

import { renameToFree } from '../notebook';

/** Write a notebook into a work folder that takes back what was started there. */
export async function createAttachedNotebook(
  contents: Contents.IManager,
  specs: KernelSpec.ISpecModels | null,
  folder: string,
  title: string
): Promise<string> {
  const draft = await contents.newUntitled({ path: folder, type: 'notebook' });
  try {
    await contents.save(draft.path, {
      type: 'notebook',
      format: 'json',
      content: attachedNotebook(specs, title)
    });
    const stem = `attached-${PathExt.basename(folder) || 'campaign'}`;
    return await renameToFree(contents, draft.path, folder, stem, '.ipynb');
  } catch (error) {
    await contents.delete(draft.path);
    throw error;
  }
}

/** What stands in the notebook. */
export function attachedNotebook(
  specs: KernelSpec.ISpecModels | null,
  title: string
): object {
  const sources = ['%load_ext asyncmd_jupyter', '%asyncmd attach'];
  const name = pythonKernel(specs);
  const display = specs?.kernelspecs[name]?.display_name ?? 'Python 3';
  return {
    cells: [
      cell('title', 'markdown', `# ${title}`),
      ...sources.map(source => ({
        ...cell(source.replace(/\W+/g, '-').slice(1), 'code', source),
        execution_count: null,
        outputs: []
      }))
    ],
    metadata: {
      kernelspec: { name, display_name: display, language: 'python' }
    },
    nbformat: 4,
    nbformat_minor: 5
  };
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

function cell(id: string, type: string, source: string): object {
  return { id, cell_type: type, metadata: {}, source };
}
