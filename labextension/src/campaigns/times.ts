import { isGoingOn } from './states';
import type { INode } from './tree';

/** Milliseconds since 1970; no number where nothing is known. */
export function timeOf(iso: string | null | undefined): number {
  return iso ? Date.parse(iso) : Number.NaN;
}

/**
 * Seconds that something has run; that a job waits, if it has not run yet.
 *
 * @param now - milliseconds by the clock of the server
 */
export function elapsed(node: INode, now: number): number | null {
  const [from, to] = span(node, now);
  return Number.isFinite(from) && Number.isFinite(to)
    ? Math.max(0, (to - from) / 1000)
    : null;
}

function span(node: INode, now: number): [number, number] {
  const job = node.jobs[0];
  if (node.level === 'job' && job) {
    const isOn = isGoingOn(node.state);
    const started = timeOf(job.started);
    const from = Number.isNaN(started) && isOn ? job.submitted : job.started;
    return [timeOf(from), isOn ? now : timeOf(job.ended)];
  }
  if (node.run) {
    const isOn = isGoingOn(node.state) && node.run.followed;
    return [timeOf(node.run.created), isOn ? now : timeOf(node.run.updated)];
  }
  return [Number.NaN, Number.NaN];
}

export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number): string => String(n).padStart(2, '0');
  const minutes = Math.floor(s / 60);
  const hours = Math.floor(s / 3600);
  if (hours < 1) {
    return `${minutes}:${two(s % 60)}`;
  }
  if (hours < 24) {
    return `${hours}:${two(minutes % 60)}:${two(s % 60)}`;
  }
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The latest of some times, of which some may not be known; 0 if none is. */
export function latest(times: Iterable<number>): number {
  let found = 0;
  for (const time of times) {
    found = time > found ? time : found;
  }
  return found;
}

/** A moment in the reader's own time zone: the hour today, else the day, too. */
export function moment(iso: string | null, now: number): string {
  const time = timeOf(iso);
  if (Number.isNaN(time)) {
    return '';
  }
  const date = new Date(time);
  const hour = date.toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit'
  });
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday
    ? hour
    : `${date.toLocaleDateString([], { month: 'short', day: 'numeric' })} ${hour}`;
}

/** With the date, whichever day it was. */
export function wholeMoment(iso: string | null): string {
  const time = timeOf(iso);
  return Number.isNaN(time)
    ? ''
    : new Date(time).toLocaleString([], {
        dateStyle: 'full',
        timeStyle: 'medium'
      });
}
