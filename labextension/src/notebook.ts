import { PathExt } from '@jupyterlab/coreutils';
import { ServerConnection, type Contents } from '@jupyterlab/services';

/**
 * Save a notebook under a name that is free in a folder.
 *
 * The server has no call that creates a file only if its name is free. But it picks
 * a free name for an untitled file, and it refuses to rename onto an existing one:
 * so nobody's file is overwritten, even if it appears while we are at it.
 *
 * @returns the path of the new file
 */
export async function createNotebook(
  contents: Contents.IManager,
  folder: string,
  stem: string,
  content: unknown
): Promise<string> {
  const taken = await namesIn(contents, folder);
  const draft = await contents.newUntitled({ path: folder, type: 'notebook' });
  try {
    await contents.save(draft.path, {
      type: 'notebook',
      format: 'json',
      content
    });
    return await renameToFree(contents, draft.path, folder, stem, taken);
  } catch (error) {
    await contents.delete(draft.path);
    throw error;
  }
}

async function namesIn(
  contents: Contents.IManager,
  folder: string
): Promise<Set<string>> {
  const listing = await contents.get(folder, { content: true });
  const files = listing.content as Contents.IModel[];
  return new Set(files.map(file => file.name));
}

async function renameToFree(
  contents: Contents.IManager,
  path: string,
  folder: string,
  stem: string,
  taken: Set<string>
): Promise<string> {
  for (let count = 0; ; count++) {
    const name = count === 0 ? `${stem}.ipynb` : `${stem}-${count}.ipynb`;
    if (taken.has(name)) {
      continue;
    }
    try {
      const model = await contents.rename(path, PathExt.join(folder, name));
      return model.path;
    } catch (error) {
      if (!isConflict(error)) {
        throw error;
      }
    }
  }
}

function isConflict(error: unknown): boolean {
  return (
    error instanceof ServerConnection.ResponseError &&
    error.response.status === 409
  );
}
