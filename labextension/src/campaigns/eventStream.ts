/** One event of a stream of server-sent events. */
export interface IServerEvent {
  readonly type: string;
  readonly data: string;
}

/** Takes a stream of server-sent events apart, however it is cut into pieces. */
export class EventParser {
  /** @returns the events that are complete with this piece */
  feed(piece: string): IServerEvent[] {
    this._pieces.push(piece);
    if (!/[\r\n]/.test(piece)) {
      return []; // a line of megabytes arrives in many pieces: join them once
    }
    const lines = this._pieces.join('').split(/\r\n|\n|\r(?!$)/);
    this._pieces = [lines.pop() ?? ''];
    return lines.flatMap(line => this._take(line));
  }

  private _take(line: string): IServerEvent[] {
    if (line === '') {
      return this._dispatch();
    }
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'data') {
      this._data.push(value ?? '');
    } else if (field === 'event') {
      this._type = value ?? '';
    }
    return [];
  }

  private _dispatch(): IServerEvent[] {
    const event = {
      type: this._type || 'message',
      data: this._data.join('\n')
    };
    const isEmpty = this._data.length === 0;
    this._type = '';
    this._data = [];
    return isEmpty ? [] : [event];
  }

  private _pieces: string[] = [];
  private _type = '';
  private _data: string[] = [];
}
