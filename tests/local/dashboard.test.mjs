// The numbers and the lines of the dashboard.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { age, ceiling, pathOf, short, valuesOf, whole } from '../../local/src/dashboard/plot.mjs';

test('a number has three significant digits, or all of its integer part', () => {
  const cases = [[null, '–'], [undefined, '–'], [0, '0'], [0.0012345, '0.00123'], [2.5, '2.5'], [33.333, '33.3'], [99.96, '100'], [12345.6, '12,346']];
  assert.deepEqual(cases.map(([value]) => short(value)), cases.map(([, text]) => text));
  assert.equal(whole(1234567), '1,234,567');
});

test('an age is in the largest unit of which it has at least one', () => {
  const cases = [[0, '0 s'], [59, '59 s'], [60, '1 min'], [3599, '59 min'], [7200, '2 h'], [200000, '2 d']];
  assert.deepEqual(cases.map(([seconds]) => age(seconds)), cases.map(([, text]) => text));
});

test('a scale ends at the next of 1, 2, 5 and 10', () => {
  const cases = [[0, 1], [0.3, 0.5], [1, 1], [1.2, 2], [2.1, 5], [6, 10], [2000, 2000], [2001, 5000]];
  for (const [value, end] of cases) assert.ok(Math.abs(ceiling(value) - end) < 1e-9, `${value}: ${ceiling(value)}`);
});

test('slots before the start and the slot that is not over have no value', () => {
  const report = { started: 110, slot_seconds: 5, series: { from: 100, requests: [0, 0, 10, 0, 3], p50_ms: [null, null, 2, null, 1] } };
  assert.deepEqual(valuesOf('requests', true, report), [null, null, 2, 0]);
  assert.deepEqual(valuesOf('p50_ms', false, report), [null, null, 2, null]);
});

test('a line has gaps where values are missing, and a single value is visible', () => {
  const path = (values) => pathOf(values, (nth) => nth * 10, (value) => 100 - value);
  assert.equal(path([1, 2, null, 3, null, 4, 5]), 'M0.0 99.0L10.0 98.0M30.0 97.0h.1M50.0 96.0L60.0 95.0');
  assert.equal(path([null, null]), '');
});
