import { PathExt } from '@jupyterlab/coreutils';
import { ServerConnection, type Contents } from '@jupyterlab/services';

/**
 * Save a notebook in a new folder of its own, so that what it writes beside itself can't
 * replace the files of another copy.
 *
 * The server has no call that creates a folder only if its name is free. But it picks
 * a free name for an untitled one, and it refuses to rename onto an existing one:
 * so nobody's files are touched, even if they appear while we are at it.
 *
 * @returns the path of the notebook
 */
export async function createNotebook(
  contents: Contents.IManager,
  parent: string,
  folderName: string,
  notebookName: string,
  content: unknown
): Promise<string> {
  const draft = await contents.newUntitled({ path: parent, type: 'directory' });
  try {
    const draftFile = PathExt.join(draft.path, notebookName);
    await contents.save(draftFile, {
      type: 'notebook',
      format: 'json',
      content
    });
    const folder = await renameToFree(contents, draft.path, parent, folderName);
    return PathExt.join(folder, notebookName);
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

/** Give a file or folder the first free of some names, without touching what is there. */
export async function renameToFree(
  contents: Contents.IManager,
  path: string,
  parent: string,
  stem: string,
  ending = ''
): Promise<string> {
  const taken = await namesIn(contents, parent);
  for (let count = 0; ; count++) {
    const number = count === 0 ? '' : `-${count}`;
    const name = stem + number + ending;
    if (taken.has(name)) {
      continue;
    }
    try {
      const model = await contents.rename(path, PathExt.join(parent, name));
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
