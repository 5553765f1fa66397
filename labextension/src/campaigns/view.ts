import type { JSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

import { NAME_WIDTH } from './columns';
import { Openness } from './lines';
import type { Removed } from './removed';
import { NEWEST, type ISort } from './sorting';
import type { Kind } from './states';
import { NO_FILTER, type IFilter } from './tree';

/** What a person has chosen to see; it is kept over reloads. */
export class View {
  openness = new Openness();

  /** Emitted when something else is to be shown. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get filter(): IFilter {
    return this._filter;
  }

  set filter(filter: IFilter) {
    this._filter = filter;
    this.openness.forgetSearch();
    this._changed.emit();
  }

  get sort(): ISort {
    return this._sort;
  }

  set sort(sort: ISort) {
    this._sort = sort;
    this._changed.emit();
  }

  /** Whether jobs of other programs are shown. */
  get others(): boolean {
    return this._others;
  }

  set others(others: boolean) {
    this._others = others;
    this._changed.emit();
  }

  /** Part of the height that the details take. */
  get share(): number {
    return this._share;
  }

  set share(share: number) {
    this._share = Math.min(0.8, Math.max(0.15, share));
    this._changed.emit();
  }

  /** Pixels of the column of names; null as long as nobody has chosen. */
  get nameWidth(): number | null {
    return this._nameWidth;
  }

  set nameWidth(pixels: number | null) {
    this._nameWidth = pixels === null ? null : Math.max(NAME_WIDTH, pixels);
    this._changed.emit();
  }

  /** What was taken off the list, and when. */
  get removed(): Removed {
    return this._removed;
  }

  get showsRemoved(): boolean {
    return this._showsRemoved;
  }

  set showsRemoved(shows: boolean) {
    this._showsRemoved = shows;
    this._changed.emit();
  }

  /** Take lines off the list. */
  remove(keys: readonly string[], now: number): void {
    const more = Object.fromEntries(keys.map(key => [key, now]));
    this._removed = { ...this._removed, ...more };
    this._changed.emit();
  }

  putBack(keys: readonly string[]): void {
    this._removed = Object.fromEntries(
      Object.entries(this._removed).filter(([key]) => !keys.includes(key))
    );
    this._showsRemoved &&= Object.keys(this._removed).length > 0;
    this._changed.emit();
  }

  /** Up to when ends of runs have been seen, by the clock of the server. */
  get seen(): number | null {
    return this._seen;
  }

  set seen(milliseconds: number | null) {
    this._seen = milliseconds;
    this._changed.emit();
  }

  toggleKind(kind: Kind): void {
    const { kinds } = this._filter;
    const others = kinds.filter(each => each !== kind);
    const isOn = others.length < kinds.length;
    this.filter = { ...this._filter, kinds: isOn ? others : [...kinds, kind] };
  }

  /** Tell that `openness` was changed. */
  touch(): void {
    this._changed.emit();
  }

  toJSON(): JSONObject {
    return {
      kinds: [...this._filter.kinds],
      sort: { key: this._sort.key, descending: this._sort.descending },
      others: this._others,
      share: this._share,
      toggled: this.openness.keys,
      nameWidth: this._nameWidth,
      removed: { ...this._removed },
      seen: this._seen
    };
  }

  restore(saved: ReadonlyPartialJSONValue | undefined): void {
    const values = (saved ?? {}) as Partial<ISaved>;
    this._filter = { ...NO_FILTER, kinds: values.kinds ?? [] };
    this._sort = values.sort ?? NEWEST;
    this._others = values.others ?? this._others;
    this._share = values.share ?? this._share;
    this._nameWidth = values.nameWidth ?? null;
    this._removed = values.removed ?? {};
    this._seen = values.seen ?? null;
    this.openness = new Openness(values.toggled);
    this._changed.emit();
  }

  private _filter = NO_FILTER;
  private _sort = NEWEST;
  private _others = false;
  private _share = 0.45;
  private _nameWidth: number | null = null;
  private _removed: Removed = {};
  private _showsRemoved = false;
  private _seen: number | null = null;
  private _changed = new Signal<this, void>(this);
}

interface ISaved {
  readonly kinds: readonly Kind[];
  readonly sort: ISort;
  readonly others: boolean;
  readonly share: number;
  readonly toggled: readonly string[];
  readonly nameWidth: number | null;
  readonly removed: Removed;
  readonly seen: number | null;
}
