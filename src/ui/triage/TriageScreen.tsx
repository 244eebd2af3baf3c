import { Box } from 'ink';
import { formatClock } from '../../domain/instant.js';
import type { TriageItem } from '../../domain/triage.js';
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
import { windowOf } from '../kit/list-position.js';
import { lastTop, Scrolled } from '../kit/Scrolled.jsx';
import { type ScreenView, useScreenView } from '../kit/screen-view.js';
import { formKeys, textKeys } from '../kit/text-keys.js';
import { twoPanes } from '../kit/two-panes.js';
import { findingLines } from './finding-lines.js';
import { incidentLines } from './incident-lines.js';
import { readerLines } from './reader-lines.js';
import { boardHeading, boardRow } from './row-lines.js';
import { statusLines } from './status-lines.js';
import { commandLine } from './triage-forms.js';
import { offeredKeys } from './triage-keys.js';
import type { TriagePort } from './triage-port.js';
import { databaseNow, type Room, selectedItem, type TriageState } from './triage-state.js';

interface ScreenProps {
  readonly state: TriageState;
  readonly port: TriagePort;
}

/** The board as it stands: a function of the state and the size of the screen. */
export function TriageScreen({ state, port }: ScreenProps) {
  const view = useScreenView();
  const status = statusLines(state, view.columns, view.style);
  return (
    <Frame>
      <Banner
        title={line`TRIAGE`}
        place={port.place}
        readOnly={port.readOnly}
        state={asOfText(state, view.style)}
      />
      <Box flexDirection="column" flexGrow={1} overflow="hidden">
        <Body state={state} port={port} rows={bodyRows(view, status)} />
      </Box>
      <Lines lines={status} />
      <KeyFooter bindings={footerKeys(state, port)} />
    </Frame>
  );
}

function footerKeys(state: TriageState, { readOnly }: TriagePort): readonly Binding<string>[] {
  const { kind } = state.mode;
  if (kind === 'changing') return [];
  if (kind === 'form' || kind === 'filter') return formKeys;
  return kind === 'help' ? textKeys : offeredKeys(selectedItem(state), readOnly);
}

function asOfText({ picture }: TriageState, style: Style): Safe {
  return picture === null
    ? line`loading${style.glyph.ellipsis}`
    : line`as of ${clean(formatClock(new Date(picture.readAt)))}`;
}

function bodyRows(view: ScreenView, status: readonly Safe[]): number {
  return Math.max(1, view.rows - 2 - status.length);
}

function Body({ state, port, rows }: ScreenProps & { readonly rows: number }) {
  const view = useScreenView();
  const { mode } = state;
  if (mode.kind === 'form') {
    const { asked, form, card } = mode;
    const about = card ?? [view.style.muted(line` looking up what would break${view.style.glyph.ellipsis}`)];
    // What it is about, even when somebody else closed it meanwhile and another one is selected.
    const meant = asked.kind === 'escalate' ? asked.finding : asked.incident;
    const item = state.listed.find(({ id }) => id === meant.id) ?? meant;
    const own = card?.length === 0 ? itemLines(state, item, view, { columns: view.columns, rows }) : about;
    const same = commandLine(port.program, asked, answersSoFar(form));
    return <FormPane form={form} about={own} commandLine={same} height={rows} />;
  }
  if (mode.kind === 'help' || mode.kind === 'whole')
    return <Scrolled lines={textLines(state, view, port.readOnly)} top={mode.top} height={rows} />;
  if (view.isScreenReader) return <Lines lines={readerLines(state)} />;
  return <Panes state={state} rows={rows} />;
}

/** List and detail, beside each other where there is room, else under one another. */
function Panes({ state, rows }: { readonly state: TriageState; readonly rows: number }) {
  const view = useScreenView();
  const { style } = view;
  if (state.listed.length === 0) return <Lines lines={[line``, ...nothingLines(state, style)]} />;
  const layout = twoPanes({ columns: view.columns, rows }, state.listed.length);
  const list = (
    <Lines lines={listLines(state, view, { columns: layout.listColumns, rows: layout.listRows })} />
  );
  const detail = (
    <Lines lines={selectedLines(state, view, { columns: layout.detailColumns, rows: layout.detailRows })} />
  );
  if (!layout.wide) {
    return (
      <Box flexDirection="column">
        {list}
        {detail}
      </Box>
    );
  }
  return (
    <Box>
      <Box width={layout.listColumns}>{list}</Box>
      <Box width={2}>
        <Lines lines={Array(rows).fill(style.muted(style.glyph.wall))} />
      </Box>
      <Box width={layout.detailColumns}>{detail}</Box>
    </Box>
  );
}

/** The heading, the rows of the window, and how many are below. */
function listLines(state: TriageState, { style }: ScreenView, { columns, rows }: Size): Safe[] {
  const { listed, position } = state;
  const { from, to, below } = windowOf(position, listed.length, rows);
  const selected = selectedItem(state)?.id;
  const drawn = listed
    .slice(from, to)
    .map((item) => boardRow(item, item.id === selected, { columns, style, now: databaseNow(state) }));
  const rest = below > 0 ? style.muted(line`  ${style.sign.muted} ${below} more below`) : line``;
  return [boardHeading({ columns, style }), ...drawn, ...Array(rows - drawn.length).fill(line``), rest];
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

function selectedLines(state: TriageState, view: ScreenView, size: Size): Safe[] {
  const item = selectedItem(state);
  return item === null ? [] : itemLines(state, item, view, size);
}

function itemLines(state: TriageState, item: TriageItem, { style }: ScreenView, size: Size): Safe[] {
  const view = { ...size, style, now: databaseNow(state) };
  if (item.kind === 'finding') return findingLines(item, view);
  const { detail, use, chosenKeyId } = state;
  return incidentLines(
    item,
    { detail: detail?.id === item.id ? detail : null, use: use?.id === item.id ? use : null, chosenKeyId },
    view,
  );
}

function nothingLines({ picture, filter }: TriageState, style: Style): Safe[] {
  if (picture === null) return [];
  if (filter !== '')
    return [line` nothing fits the filter ${style.strong(clean(filter))}: esc takes it away`];
  return [
    line` ${style.ok(style.sign.ok)} no incident is open, and nothing should be one`,
    style.muted(line`   keyctl incidents open, keyctl incidents run and revoke --incident new open one`),
  ];
}

/** The text that covers the screen in this mode. */
function textLines(state: TriageState, view: ScreenView, readOnly: boolean): readonly Safe[] {
  const { style, columns } = view;
  if (state.mode.kind === 'help')
    return helpLines(offeredKeys(selectedItem(state), readOnly), style).map((text) =>
      fit(text, columns, style.glyph.ellipsis),
    );
  if (view.isScreenReader) return readerLines(state);
  return selectedLines(state, view, { columns, rows: Number.POSITIVE_INFINITY });
}

/** How much is on the screen, for the reducer: it moves windows, but draws nothing. */
export function roomOf(state: TriageState, view: ScreenView, readOnly: boolean): Room {
  const rows = bodyRows(view, statusLines(state, view.columns, view.style));
  const { listRows } = twoPanes({ columns: view.columns, rows }, state.listed.length);
  const scrolls = state.mode.kind === 'help' || state.mode.kind === 'whole';
  return { list: listRows, lastTop: scrolls ? lastTop(textLines(state, view, readOnly).length, rows) : 0 };
}
