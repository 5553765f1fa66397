import { EventParser } from '../src/campaigns/eventStream';

const STREAM =
  ': alive\n\nevent: snapshot\ndata: {"a": 1}\n\n' +
  'event: change\r\ndata: one\r\ndata:two\r\n\r\ndata: plain\n\n';

test('events are found in one piece', () => {
  expect(new EventParser().feed(STREAM)).toEqual([
    { type: 'snapshot', data: '{"a": 1}' },
    { type: 'change', data: 'one\ntwo' },
    { type: 'message', data: 'plain' }
  ]);
});

test.each([1, 2, 3, 7, 20])('events are found in pieces of %i', size => {
  const parser = new EventParser();
  const events = [];
  for (let from = 0; from < STREAM.length; from += size) {
    events.push(...parser.feed(STREAM.slice(from, from + size)));
  }
  expect(events.map(event => event.type)).toEqual([
    'snapshot',
    'change',
    'message'
  ]);
});

test('signs of life and unfinished events are no events', () => {
  expect(
    new EventParser().feed(': alive\n\nevent: x\n\nid: 3\n\ndata: y')
  ).toEqual([]);
});
