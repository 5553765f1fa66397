import type { ILine } from './lines';
import type { IJob, IRun } from './protocol';
import type { INode } from './tree';

/** Where the work of some lines is, and who started it. */
export interface IPlace {
  /** Holds all of it; relative to the server's root, if it lies below. */
  readonly folder: string | null;
  readonly path: string;
  readonly notebook: string;
  readonly title: string;
  /** Where a notebook is written that takes them back; null where there can be none. */
  readonly attachFolder: string | null;
  /** Names of runs, each once. */
  readonly runs: readonly string[];
  /** Those of the runs that ended before their time, and can be gone on with. */
  readonly stopped: readonly string[];
  /** Whether asyncmd-jupyter started any of it. */
  readonly ours: boolean;
}

/** What a line stands for: a run, or a job of none. */
interface IWork {
  readonly run: string;
  readonly title: string;
  readonly folder: string | null;
  readonly path: string;
  readonly notebook: string;
  readonly ours: boolean;
}

const COLLATOR = new Intl.Collator(undefined, { numeric: true });
const MOST_LETTERS = 60;
const MOST_TITLES = 3;

/**
 * The deepest folder that holds the work of all these lines.
 *
 * @param records - all runs that can be taken back, by their keys
 */
export function placeFor(
  lines: readonly ILine[],
  records: ReadonlyMap<string, IRun>
): IPlace | null {
  const found = lines.flatMap(({ node }) => worksOf(node));
  const works = unique(found.map(work => asRecorded(work, records)));
  if (works.length === 0) {
    return null;
  }
  const folder = commonFolder(works.map(work => work.folder));
  return {
    folder,
    path: commonFolder(works.map(work => work.path)) ?? '',
    notebook: works.find(work => work.notebook)?.notebook ?? '',
    title: titleOf(lines, works),
    attachFolder: folder === null ? null : aboveOwn(folder, works),
    runs: names(works),
    stopped: names(
      works.filter(work => isStopped(records.get(`${work.path}/${work.run}`)))
    ),
    ours: works.some(work => work.ours)
  };
}

/** @returns null if one of them lies outside of the server's root */
export function commonFolder(
  folders: readonly (string | null)[]
): string | null {
  let common: string[] | null = null;
  for (const folder of folders) {
    if (folder === null) {
      return null;
    }
    const parts = folder.split('/');
    const kept: string[] = common ?? parts;
    const end = kept.findIndex((part, place) => part !== parts[place]);
    common = end < 0 ? kept : kept.slice(0, end);
  }
  const isRootOnly = common?.length === 1 && common[0] === '';
  return isRootOnly && folders[0] !== '' ? '/' : (common?.join('/') ?? null);
}

/** What takes back exactly these runs, or all that is in the notebook's folder. */
export function attachCommand(runs: readonly string[]): string {
  const only = runs.length > 0 ? ['--only', ...runs.filter(isName)] : [];
  return ['%asyncmd attach', ...only].join(' ');
}

/** What lets runs go on. */
export function resumeCommand(runs: readonly string[]): string {
  return ['%asyncmd resume', ...runs.filter(isName)].join(' ');
}

/** Whether a run ended before its time, so that it can be gone on with. */
export function isStopped(run: IRun | null | undefined): boolean {
  const state = run?.state ?? '';
  return ['failed', 'cancelled', 'limit'].includes(state);
}

/**
 * Whether a run can be called so, as the kernel says.
 *
 * IPython evaluates what stands in braces or after a dollar sign in the line of a magic,
 * so no other text from a disk may get into a cell.
 */
export function isName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name);
}

/** A part of a file's name that every file system takes. */
export function safeStem(title: string): string {
  const safe = title.replace(/[^\p{L}\p{N}_.-]+/gu, '-').slice(0, MOST_LETTERS);
  return safe.replace(/^[-.]+|[-.]+$/g, '') || 'campaign';
}

/** A run lies in a folder of its own name, as a rule, where notebooks do not belong. */
function aboveOwn(folder: string, works: readonly IWork[]): string {
  const parts = folder.split('/');
  const isOwn = works.length === 1 && works[0]?.run === parts.at(-1);
  return isOwn && folder !== '' ? parts.slice(0, -1).join('/') : folder;
}

/** What has the name of a run, but no record of it, is taken back as jobs are. */
function asRecorded(work: IWork, records: ReadonlyMap<string, unknown>): IWork {
  const isKnown = records.has(`${work.path}/${work.run}`) && isName(work.run);
  return isKnown ? work : { ...work, run: '' };
}

function worksOf(node: INode): IWork[] {
  if (node.level !== 'run' || !node.run) {
    return node.children.length > 0
      ? node.children.flatMap(worksOf)
      : node.jobs.map(workOfJob);
  }
  const { name, folder, path, notebook } = node.run;
  return [{ run: name, title: name, folder, path, notebook, ours: true }];
}

function workOfJob(job: IJob): IWork {
  const { run, name, folder, path, notebook, ours } = job;
  return { run, title: name || job.id, folder, path, notebook, ours };
}

/** Jobs of one run are one work. */
function unique(works: readonly IWork[]): IWork[] {
  const key = (work: IWork): string => `${work.path}\n${work.run}`;
  const found = new Map<string, IWork>();
  works.forEach(work => {
    if (!found.has(key(work))) {
      found.set(key(work), work);
    }
  });
  return [...found.values()];
}

function names(works: readonly IWork[]): string[] {
  const all = works.map(work => work.run).filter(Boolean);
  return [...new Set(all)].sort(COLLATOR.compare);
}

function titleOf(lines: readonly ILine[], works: readonly IWork[]): string {
  const names = lines.map(({ node }) => node.name).filter(Boolean);
  const titles = names.length > 0 ? names : works.map(work => work.title);
  const more = titles.length > MOST_TITLES ? ', …' : '';
  return titles.slice(0, MOST_TITLES).join(', ') + more;
}
