import { Box } from 'ink';
import { formatClock } from '../../domain/instant.js';
import { fit } from '../../render/layout.js';
import type { Style } from '../../render/style.js';
import { clean, line, type Safe } from '../../render/terminal-text.js';
import { Banner } from '../kit/Banner.jsx';
import { FormPane } from '../kit/FormPane.jsx';
import { Frame } from '../kit/Frame.jsx';
import { answersSoFar } from '../kit/form.js';
import { KeyFooter } from '../kit/KeyFooter.jsx';
import { type Binding, helpLines } from '../kit/key-table.js';
import { Lines } from '../kit/Lines.jsx';
import { lastTop, Scrolled } from '../kit/Scrolled.jsx';
import { type ScreenView, useScreenView } from '../kit/screen-view.js';
import { formKeys, textKeys } from '../kit/text-keys.js';
import { twoPanes } from '../kit/two-panes.js';
import { detailLines } from './detail-lines.js';
import { QueuePane } from './QueuePane.jsx';
import { readerLines } from './reader-lines.js';
import { commandLine } from './review-forms.js';
import type { ReviewCommand } from './review-keys.js';
import type { ReviewPort } from './review-port.js';
import { type ReviewState, type Room, selectedSubject } from './review-state.js';
import { StatusLines, statusLines } from './StatusLines.jsx';
import { sqlLines } from './sql-lines.js';

type Keys = readonly Binding<ReviewCommand>[];

/** The review as it stands: a function of the state and the size of the screen. */
export function ReviewScreen({
  state,
  port,
  keys,
}: {
  readonly state: ReviewState;
  readonly port: ReviewPort;
  readonly keys: Keys;
}) {
  const view = useScreenView();
  const status = statusLines(state, view.columns, view.style);
  const offered = port.readOnly ? keys.filter(({ changes }) => changes !== true) : keys;
  return (
    <Frame>
      <Banner
        title={line`REVIEW`}
        place={port.place}
        readOnly={port.readOnly}
        state={asOfText(state, view.style)}
      />
      <Box flexDirection="column" flexGrow={1} overflow="hidden">
        <Body state={state} port={port} keys={offered} rows={bodyRows(view, status)} />
      </Box>
      <StatusLines lines={status} />
      <KeyFooter bindings={footerKeys(state, offered)} />
    </Frame>
  );
}

function footerKeys({ mode }: ReviewState, offered: Keys): readonly Binding<string>[] {
  if (mode.kind === 'changing') return [];
  if (mode.kind === 'form' || mode.kind === 'filter') return formKeys;
  return mode.kind === 'help' || mode.kind === 'sql' ? textKeys : offered;
}

/** How far the log reaches, and how much of the alarm budget is used. */
function asOfText({ picture }: ReviewState, style: Style): Safe {
  if (picture === null) return line`loading${style.glyph.ellipsis}`;
  const { asOf, alarms } = picture;
  const reach = asOf === null ? line`the log is empty` : line`as of ${clean(formatClock(new Date(asOf)))}`;
  return line`${reach} ${style.glyph.dot} ${Math.round(alarms.budgetPerDay * 100) / 100}/day: ${alarms.raised} used`;
}

function bodyRows(view: ScreenView, status: readonly Safe[]): number {
  return Math.max(1, view.rows - 2 - status.length);
}

interface BodyProps {
  readonly state: ReviewState;
  readonly port: ReviewPort;
  readonly keys: Keys;
  readonly rows: number;
}

function Body({ state, port, keys, rows }: BodyProps) {
  const view = useScreenView();
  const { mode } = state;
  if (mode.kind === 'form') {
    const { asked, form, card } = mode;
    const about = card ?? [view.style.muted(line` looking up what would break${view.style.glyph.ellipsis}`)];
    const same = commandLine(port.program, asked, answersSoFar(form));
    return <FormPane form={form} about={about} commandLine={same} height={rows} />;
  }
  if (mode.kind === 'help' || mode.kind === 'sql' || mode.kind === 'detail') {
    return <Scrolled lines={textLines(state, view, keys)} top={mode.top} height={rows} />;
  }
  if (view.isScreenReader) return <Lines lines={readerLines(state)} />;
  return <Panes state={state} rows={rows} />;
}

/** Queue and detail, beside each other where there is room, else under one another. */
function Panes({ state, rows }: { readonly state: ReviewState; readonly rows: number }) {
  const view = useScreenView();
  const { style, now } = { ...view, now: state.now };
  const layout = twoPanes({ columns: view.columns, rows }, state.listed.length);
  const subject = selectedSubject(state);
  if (subject === null) return <Lines lines={[line``, ...nothingLines(state, style)]} />;
  const queue = <QueuePane state={state} columns={layout.listColumns} rows={layout.listRows} />;
  const detail = detailLines(subject, state.detail, {
    columns: layout.detailColumns,
    rows: layout.detailRows,
    style,
    now,
  });
  if (!layout.wide) {
    return (
      <Box flexDirection="column">
        {queue}
        <Lines lines={detail} />
      </Box>
    );
  }
  const wall = style.muted(style.glyph.wall);
  return (
    <Box>
      <Box width={layout.listColumns}>{queue}</Box>
      <Box width={2}>
        <Lines lines={Array(rows).fill(wall)} />
      </Box>
      <Box width={layout.detailColumns}>
        <Lines lines={detail} />
      </Box>
    </Box>
  );
}

function nothingLines({ picture, filter, all }: ReviewState, style: Style): Safe[] {
  if (picture === null) return [];
  if (filter !== '')
    return [line` nothing fits the filter ${style.strong(clean(filter))}: esc takes it away`];
  if (!all && picture.subjects.length > 0)
    return [line` ${style.ok(style.sign.ok)} everything was looked at; v shows it`];
  return [line` ${style.ok(style.sign.ok)} nothing was found; R judges anew`];
}

/** The text that covers the screen in this mode. */
function textLines(state: ReviewState, view: ScreenView, keys: Keys): readonly Safe[] {
  const { style, columns } = view;
  const subject = selectedSubject(state);
  if (state.mode.kind === 'help')
    return helpLines(keys, style).map((text) => fit(text, columns, style.glyph.ellipsis));
  if (state.mode.kind === 'sql') return sqlLines(subject === null ? null : state.detail, view);
  if (subject === null) return [];
  if (view.isScreenReader) return readerLines(state);
  return detailLines(subject, state.detail, {
    columns,
    rows: Number.POSITIVE_INFINITY,
    style,
    now: state.now,
  });
}

/** How much is on the screen, for the reducer: it moves windows, but draws nothing. */
export function roomOf(state: ReviewState, view: ScreenView, keys: Keys): Room {
  const rows = bodyRows(view, statusLines(state, view.columns, view.style));
  const { listRows } = twoPanes({ columns: view.columns, rows }, state.listed.length);
  const scrolls = ['help', 'sql', 'detail'].includes(state.mode.kind);
  return { list: listRows, lastTop: scrolls ? lastTop(textLines(state, view, keys).length, rows) : 0 };
}
