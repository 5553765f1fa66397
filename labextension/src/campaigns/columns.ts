import type { TranslationBundle } from '@jupyterlab/translation';

import { progressText } from './progress';
import { whyOf } from './reasons';
import type { SortKey } from './sorting';
import { duration, elapsed, moment } from './times';
import type { INode } from './tree';

/** One of the columns beside name and state. */
export interface IColumn {
  readonly key: SortKey;
  readonly label: string;
  /** In pixels; the least, if it grows. */
  readonly width: number;
  readonly grows?: boolean;
  readonly isNumber?: boolean;
  text(node: INode, now: number): string;
}

/** The least of the column of names. */
export const NAME_WIDTH = 96;
const STATE_WIDTH = 124;
/** Where it may be spelled out how many of a line's parts have ended. */
const WIDE_STATE_WIDTH = 196;
const WIDE = 440;
/** Shown as far as there is room for them, unless somebody chooses others. */
export const USUAL_COLUMNS = ['time', 'progress', 'reason', 'cores', 'where'];

export function allColumns(trans: TranslationBundle): IColumn[] {
  return [
    {
      key: 'time',
      label: trans.__('Time'),
      width: 66,
      isNumber: true,
      text: (node, now) => timeText(node, now)
    },
    {
      key: 'progress',
      label: trans.__('Progress'),
      width: 76,
      isNumber: true,
      text: node => progressText(node)
    },
    {
      key: 'reason',
      label: trans.__('Why'),
      width: 130,
      grows: true,
      text: node => whyOf(node, trans)
    },
    {
      key: 'cores',
      label: trans.__('Cores'),
      width: 52,
      isNumber: true,
      text: node => (job(node) ? String(job(node)?.cores) : '')
    },
    {
      key: 'where',
      label: trans.__('Where'),
      width: 96,
      text: node => place(node)
    },
    {
      key: 'partition',
      label: trans.__('Partition'),
      width: 84,
      text: node => job(node)?.partition ?? ''
    },
    {
      key: 'engine',
      label: trans.__('Engine'),
      width: 84,
      text: node => node.run?.engine ?? job(node)?.engine ?? ''
    },
    {
      key: 'submitted',
      label: trans.__('Submitted'),
      width: 96,
      text: (node, now) =>
        moment(node.run?.created ?? job(node)?.submitted ?? null, now)
    },
    {
      key: 'id',
      label: trans.__('Id'),
      width: 84,
      text: node => job(node)?.native_id ?? job(node)?.id ?? ''
    }
  ];
}

/** Those of the chosen columns that there is room for; the first ones are kept. */
export function fitting(
  columns: readonly IColumn[],
  chosen: readonly string[],
  width: number,
  nameWidth: number | null = null
): IColumn[] {
  let left = width - (nameWidth ?? NAME_WIDTH) - stateWidth(width);
  const shown: IColumn[] = [];
  for (const key of chosen) {
    const column = columns.find(each => each.key === key);
    if (column && !shown.includes(column)) {
      left -= column.width;
      if (left < 0) {
        break;
      }
      shown.push(column);
    }
  }
  return shown;
}

export function isWide(width: number): boolean {
  return width >= WIDE;
}

/** For `grid-template-columns`. */
export function template(
  columns: readonly IColumn[],
  width: number,
  nameWidth: number | null = null
): string {
  const widths = columns.map(column =>
    column.grows ? `minmax(${column.width}px, 1.5fr)` : `${column.width}px`
  );
  if (nameWidth === null) {
    const name = `minmax(${NAME_WIDTH}px, 1fr)`;
    return [name, `${stateWidth(width)}px`, ...widths].join(' ');
  }
  const most = Math.max(NAME_WIDTH, width - STATE_WIDTH);
  const name = `${Math.min(nameWidth, most)}px`;
  return [name, `minmax(${STATE_WIDTH}px, 1fr)`, ...widths].join(' ');
}

function stateWidth(width: number): number {
  return isWide(width) ? WIDE_STATE_WIDTH : STATE_WIDTH;
}

function timeText(node: INode, now: number): string {
  const seconds = elapsed(node, now);
  return seconds === null ? '' : duration(seconds);
}

function place(node: INode): string {
  const it = job(node);
  return it ? it.nodes.join(', ') || it.host : '';
}

function job(node: INode): INode['jobs'][number] | undefined {
  return node.level === 'job' ? node.jobs[0] : undefined;
}
