// The numbers and the lines of the dashboard, without its page.

/** The text of a number that does not exist. */
export const ABSENT = '–';

/** An integer. */
export const whole = (value) => value.toLocaleString('en');

/** A number of any size, with three significant digits. */
export function short(value) {
  if (value === null || value === undefined) return ABSENT;
  if (value === 0) return '0';
  return value >= 100 ? whole(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** An age, in the largest unit of which it has at least one. */
export function age(seconds) {
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const [size, unit] = units.find(([size]) => seconds >= size) ?? units.at(-1);
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** The upper end of a scale: the smallest of 1, 2, 5, 10, 20 … that is not below the value. */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((bound) => bound >= value * 0.999999);
}

/** The values of a column by slot; null before the start. The last slot is not over, so it is left out. */
export function valuesOf(column, isRate, { series, slot_seconds: slot, started }) {
  return series[column].slice(0, -1).map((value, nth) => {
    if (value === null || series.from + (nth + 1) * slot <= started) return null;
    return isRate ? value / slot : value;
  });
}

/** The path of a line through all values that exist, where `x` and `y` convert a position and a value to coordinates. */
export function pathOf(values, x, y) {
  let path = '';
  values.forEach((value, nth) => {
    if (value === null) return;
    const isJoined = nth > 0 && values[nth - 1] !== null;
    // A point without neighbours is a line of almost no length: its round ends show it.
    const isAlone = !isJoined && (values[nth + 1] ?? null) === null;
    path += `${isJoined ? 'L' : 'M'}${x(nth).toFixed(1)} ${y(value).toFixed(1)}${isAlone ? 'h.1' : ''}`;
  });
  return path;
}
