/**
 * A report before it has a form. Every text in it may come from outside: what makes Markdown or HTML of it escapes all of
 * them, the headings too.
 */
export interface ReportDocument {
  readonly title: string;
  readonly about: readonly string[];
  readonly sections: readonly Section[];
}

export interface Section {
  readonly title: string;
  readonly parts: readonly Part[];
}

export type Part = Paragraph | TablePart | BarPlot | RowPlot;

export interface Paragraph {
  readonly kind: 'paragraph';
  readonly text: string;
}

export interface TablePart {
  readonly kind: 'table';
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

interface ReportColumn {
  readonly heading: string;
  readonly align?: 'left' | 'right';
}

/** A text, one that is not broken over lines, a command to type, or a verdict that is coloured where there are colours. */
export type Cell =
  | string
  | { readonly whole: string }
  | { readonly command: string }
  | { readonly verdict: Tone; readonly text: string };

type Tone = 'ok' | 'warning' | 'critical' | 'muted';

/** Bars, one for each label; series stand on each other. */
export interface BarPlot {
  readonly kind: 'plot';
  readonly title: string;
  readonly labels: readonly string[];
  readonly series: readonly {
    readonly name: string;
    readonly tone: Tone;
    readonly values: readonly number[];
  }[];
  /** Moments to be seen in it, by the label that they stand over. */
  readonly marks?: readonly { readonly at: number; readonly text: string }[];
}

/** Bars that lie, one for each label, with what they amount to in words; series follow each other. */
export interface RowPlot extends Omit<BarPlot, 'kind' | 'marks'> {
  readonly kind: 'rows';
  /** Written behind the bars, one for each label. */
  readonly texts: readonly string[];
  /** What no bar should pass, and what that is called. */
  readonly limit: { readonly value: number; readonly text: string } | null;
}

export function paragraph(text: string): Paragraph {
  return { kind: 'paragraph', text };
}

/** Headings that begin with `>` stand above numbers. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): TablePart {
  const columns = headings.map((heading) =>
    heading.startsWith('>') ? { heading: heading.slice(1), align: 'right' as const } : { heading },
  );
  return { kind: 'table', columns, rows };
}
