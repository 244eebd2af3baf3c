import { Box } from 'ink';
import { wrap } from '../../render/layout.js';
import { clean, line, type Safe } from '../../render/terminal-text.js';
import type { Form } from './form.js';
import { Lines } from './Lines.jsx';
import { useScreenView } from './screen-view.js';
import { fieldText } from './text-field.js';

export interface FormPaneProps {
  readonly form: Form;
  /** What is going to happen, and to what. */
  readonly about: readonly Safe[];
  /** The same thing as a command line. */
  readonly commandLine: Safe;
  readonly height: number;
}

/** Of many marked keys the ids would push the question off the screen. */
const mostCommandLines = 5;

/** An action's questions, under what they are about. The question and the command line are always in sight. */
export function FormPane({ form, about, commandLine, height }: FormPaneProps) {
  const { columns, style, isScreenReader } = useScreenView();
  const answered = form.fields
    .slice(0, form.at)
    .map(({ name, label }) =>
      style.muted(line` ${clean(shortLabel(label))} ${clean(form.answers[name] ?? '')}`),
    );
  const asked = form.fields[form.at];
  const label = wrap(style.strong(clean(asked?.label ?? '')), columns - 2).map((text) => line` ${text}`);
  const problem =
    form.problem === null
      ? []
      : wrap(clean(form.problem), columns - 4).map(
          (text) => line` ${style.danger(line`${style.sign.danger} ${text}`)}`,
        );
  const whole = wrap(line`this is  ${commandLine}`, columns - 2).map((text) => line` ${style.muted(text)}`);
  const same =
    isScreenReader || whole.length <= mostCommandLines
      ? whole
      : [...whole.slice(0, mostCommandLines - 1), style.muted(line` ${style.glyph.ellipsis}`)];
  const below = [
    ...answered,
    ...label,
    line` ${fieldText(form.field, columns - 3, style)}`,
    ...problem,
    ...same,
  ];
  const room = Math.max(1, height - below.length - 1);
  const shown =
    isScreenReader || about.length <= room
      ? about
      : [...about.slice(0, room - 1), style.muted(line` ${style.glyph.ellipsis}`)];
  return (
    <Box flexDirection="column">
      <Lines lines={shown} />
      <Lines lines={[line``, ...below]} />
    </Box>
  );
}

/** What was answered is told without what the question explained in brackets. */
function shortLabel(label: string): string {
  return label.replace(/ \([^)]*\)/, '');
}
