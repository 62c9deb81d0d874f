// The page of the dashboard: reads /dashboard.json every two seconds, and shows it as tables and plots.
import { ABSENT, age, ceiling, pathOf, short, valuesOf, whole } from '/dashboard-plot.js';

const EVERY = 2000;
/** The time in which the server must answer. */
const PATIENCE = 5000;
const SVG = 'http://www.w3.org/2000/svg';

const byId = (id) => document.getElementById(id);

/** The state of the page: the order of the table, the route of the plots, and the number of the latest request for data. */
const state = { sorted: 'requests', descending: true, route: null, latest: 0, timer: null };

const each = (name) => (row) => (row.requests ? row[name] / row.requests : null);

/** The columns of the table. A number above 0 in a column of failures is emphasized. */
const COLUMNS = [
  { name: 'route', title: 'Route', value: (row) => row.name },
  { name: 'requests', title: 'Requests', value: (row) => row.requests, text: whole },
  { name: 'rate', title: 'Per second', value: (row) => row.per_second, text: short },
  { name: 'p50', title: 'p50', value: (row) => row.p50_ms, text: short },
  { name: 'p95', title: 'p95', value: (row) => row.p95_ms, text: short },
  { name: 'p99', title: 'p99', value: (row) => row.p99_ms, text: short },
  { name: '4xx', title: '4xx', value: (row) => row['4xx'], text: whole },
  { name: '429', title: '429', value: (row) => row.events.RateLimited ?? 0, text: whole },
  { name: '5xx', title: '5xx', value: (row) => row['5xx'], text: whole, isFailure: true },
  { name: 'calls', title: 'Calls', value: each('calls'), text: short },
  { name: 'rcu', title: 'Read units', value: each('rcu'), text: short },
  { name: 'wcu', title: 'Write units', value: each('wcu'), text: short },
];

/** The plots. A line has a column of the series and a label; all lines of a plot have one unit. */
const PLOTS = [
  { title: 'Requests per second', isRate: true, lines: [['requests', 'all']] },
  { title: 'Latency in milliseconds', isRate: false, lines: [['p50_ms', 'p50'], ['p95_ms', 'p95'], ['p99_ms', 'p99']] },
  { title: 'Errors per second', isRate: true, lines: [['4xx', '4xx'], ['rate_limited', '429 (part of 4xx)'], ['5xx', '5xx']] },
  { title: 'Database per second', isRate: true, lines: [['calls', 'calls'], ['rcu', 'read units'], ['wcu', 'write units']] },
];

/** Creates an element with attributes and children. */
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  node.append(...children);
  return node;
}

/** Sets a text only if it changes: a screen reader then reads changes alone. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Puts the nodes into their parent in this order, and keeps the focus. */
function arrange(parent, nodes) {
  const isCurrent = nodes.length === parent.children.length && nodes.every((node, nth) => parent.children[nth] === node);
  if (isCurrent) return;
  const focused = document.activeElement;
  parent.replaceChildren(...nodes);
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

// The table of routes.

const rows = new Map();
const [allRoutes, singleRoutes] = byId('routes').tBodies;

function makeHeads() {
  const heads = COLUMNS.map(({ name, title }) => {
    const button = element('button', { type: 'button' }, title);
    button.addEventListener('click', () => {
      // Names begin with the smallest, numbers with the largest.
      state.descending = state.sorted === name ? !state.descending : name !== 'route';
      state.sorted = name;
      poll();
    });
    return element('th', { scope: 'col', 'data-name': name }, button);
  });
  byId('routes').tHead.rows[0].append(...heads);
}

function makeRow(name, title, address) {
  const button = element('button', { type: 'button', 'aria-pressed': 'false' }, title);
  button.addEventListener('click', () => {
    state.route = name;
    poll();
  });
  const head = element('th', { scope: 'row' }, button);
  if (address) head.append(element('small', {}, address));
  return element('tr', {}, head, ...COLUMNS.slice(1).map(() => element('td')));
}

function fillRow(line, row, name) {
  line.querySelector('button').setAttribute('aria-pressed', String(state.route === name));
  COLUMNS.slice(1).forEach(({ value, text, isFailure }, nth) => {
    const cell = line.cells[nth + 1];
    const number = value(row);
    setText(cell, text(number));
    cell.classList.toggle('bad', Boolean(isFailure && number > 0));
  });
}

function compare(one, other) {
  const { value } = COLUMNS.find(({ name }) => name === state.sorted);
  const [first, second] = [value(one), value(other)];
  const order = typeof first === 'string' ? first.localeCompare(second) : (first ?? -1) - (second ?? -1);
  return (state.descending ? -order : order) || one.name.localeCompare(other.name);
}

function rowOf(name, title, address) {
  if (!rows.has(name)) rows.set(name, makeRow(name, title, address));
  return rows.get(name);
}

function showRoutes({ routes, all }) {
  for (const head of byId('routes').tHead.rows[0].cells) {
    const isSorted = head.dataset.name === state.sorted;
    if (isSorted) head.setAttribute('aria-sort', state.descending ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  }
  const total = rowOf(null, 'All routes');
  fillRow(total, all, null);
  arrange(allRoutes, [total]);
  const lines = [...routes].sort(compare).map((row) => {
    const line = rowOf(row.name, row.name, `${row.method} ${row.path}`);
    fillRow(line, row, row.name);
    return line;
  });
  arrange(singleRoutes, lines);
}

// The plots.

const plots = PLOTS.map((plot) => {
  const image = drawn('svg', { role: 'img' });
  const items = plot.lines.map((_, nth) => {
    const sample = drawn('svg', { 'aria-hidden': 'true', viewBox: '0 0 32 10' }, drawn('path', { d: 'M1 5H31', class: `s${nth}` }));
    const text = element('span');
    return { item: element('li', {}, sample, text), text };
  });
  const legend = element('ul', { class: 'legend' }, ...items.map(({ item }) => item));
  byId('plots').append(element('figure', {}, element('figcaption', {}, plot.title), image, legend));
  return { ...plot, image, texts: items.map(({ text }) => text) };
});

function showPlot(plot, report) {
  const lines = plot.lines.map(([column, label]) => ({ label, values: valuesOf(column, plot.isRate, report) }));
  const [width, height] = [Math.max(plot.image.clientWidth, 120), Math.max(plot.image.clientHeight, 80)];
  const [left, right, top, bottom] = [44, width - 8, 12, height - 20];
  const highest = ceiling(Math.max(0, ...lines.flatMap(({ values }) => values)));
  const x = (nth) => left + ((right - left) * nth) / Math.max(1, lines[0].values.length - 1);
  const y = (value) => bottom - ((bottom - top) * value) / highest;
  const label = (text, at, anchor) => drawn('text', { ...at, 'text-anchor': anchor }, text);
  const grid = [0, highest / 2, highest].flatMap((value) => [
    drawn('path', { class: 'grid', d: `M${left} ${y(value).toFixed(1)}H${right}` }),
    label(short(value), { x: left - 6, y: y(value) + 4 }, 'end'),
  ]);
  const minutes = `${report.window_seconds / 60} min ago`;
  const times = [label(minutes, { x: left, y: height - 5 }, 'start'), label('now', { x: right, y: height - 5 }, 'end')];
  const paths = lines.map(({ values }, nth) => drawn('path', { class: `s${nth}`, d: pathOf(values, x, y) }));
  plot.image.setAttribute('viewBox', `0 0 ${width} ${height}`);
  plot.image.replaceChildren(...grid, ...times, ...paths);
  const texts = lines.map(({ label: name, values }) => {
    const known = values.filter((value) => value !== null);
    return `${name}: ${short(values.at(-1))} now, ${known.length ? short(Math.max(...known)) : ABSENT} at most`;
  });
  texts.forEach((text, nth) => setText(plot.texts[nth], text));
  plot.image.setAttribute('aria-label', `${plot.title} in the last ${report.window_seconds / 60} minutes. ${texts.join('; ')}.`);
}

// Events and jobs.

function showEvents({ routes, all, meanings }) {
  const names = Object.keys(meanings);
  byId('events').hidden = names.length === 0;
  const lines = names.map((name) => {
    const by = routes.filter((row) => row.events[name]).map((row) => `${row.name} (${whole(row.events[name])})`);
    const head = element('th', { scope: 'row' }, name, ' ', element('small', {}, meanings[name]));
    return element('tr', {}, head, element('td', {}, whole(all.events[name])), element('td', {}, by.join(', ')));
  });
  byId('events').querySelector('tbody').replaceChildren(...lines);
}

function showJobs({ jobs }) {
  byId('all-jobs').hidden = false;
  byId('jobs').hidden = jobs.length === 0;
  byId('no-jobs').hidden = jobs.length > 0;
  const number = (value, isBad) => element('td', { class: isBad ? 'number bad' : 'number' }, value);
  const lines = jobs.map((job) => {
    const head = element('th', { scope: 'row' }, job.name, ' ', element('small', {}, job.summary ?? ''));
    const outcome = element('td', { class: job.failed ? 'bad' : '' }, [job.outcome, job.error].filter(Boolean).join(': '));
    return element(
      'tr', {}, head, outcome, element('td', {}, age(job.age_seconds)), number(whole(job.runs)),
      number(whole(job.failures), job.failures > 0), number(short(job.latency_ms / 1000)), number(whole(job.calls)),
    );
  });
  byId('jobs').tBodies[0].replaceChildren(...lines);
}

// The data.

function show(report) {
  // A request that left the period is still in the window, and its plots are shown.
  const isEmpty = report.all.requests === 0 && report.series.requests.every((value) => value === 0) && rows.size === 0;
  byId('empty').hidden = !isEmpty;
  byId('data').hidden = isEmpty;
  showJobs(report);
  if (isEmpty) return;
  setText(byId('covered'), report.covered_seconds + 5 < Number(byId('period').value) ? `(${age(report.covered_seconds)} since the start)` : '');
  setText(byId('error'), `${short(report.percentile_error * 100)} %`);
  setText(byId('chosen'), state.route ?? 'all routes');
  showRoutes(report);
  for (const plot of plots) showPlot(plot, report);
  showEvents(report);
}

function setState(isLost, text) {
  document.body.classList.toggle('lost', isLost);
  setText(byId('state'), text);
}

async function read() {
  const query = new URLSearchParams({ seconds: byId('period').value });
  if (state.route) query.set('route', state.route);
  const response = await fetch(`/dashboard.json?${query}`, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

/** Reads and shows the data, and plans the next time. A later call replaces an earlier one. */
async function poll() {
  const turn = ++state.latest;
  clearTimeout(state.timer);
  const report = await read().catch(() => null);
  if (turn !== state.latest) return;
  // A hidden page sends no requests.
  if (!document.hidden) state.timer = setTimeout(poll, EVERY);
  if (report) {
    setState(false, 'Connected. The numbers are updated every 2 seconds.');
    show(report);
  } else if (!document.body.classList.contains('lost')) {
    const time = new Date().toLocaleTimeString('en-GB');
    setState(true, `Connection lost at ${time}. These numbers are old; the page tries again every 2 seconds.`);
  }
}

makeHeads();
setState(false, 'Connecting …');
byId('period').addEventListener('change', poll);
document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(state.timer) : poll()));
poll();
