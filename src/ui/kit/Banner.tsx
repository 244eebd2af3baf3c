import { fit, padEnd, width } from '../../render/layout.js';
import { clean, line, type Safe } from '../../render/terminal-text.js';
import { Lines } from './Lines.jsx';
import { useScreenView } from './screen-view.js';

export interface BannerProps {
  /** `REVIEW`. */
  readonly title: Safe;
  /** Host, database and role. */
  readonly place: Safe;
  readonly readOnly: boolean;
  /** At the right end: as of when. */
  readonly state: Safe;
}

/** Where we are, always on the first line: what is cut when there is no room is the place, never READ ONLY or the time. */
export function Banner({ title, place, readOnly, state }: BannerProps) {
  const { columns, style } = useScreenView();
  const lock = readOnly ? line`  ${style.warning(line`READ ONLY`)}` : line``;
  const head = line` ${style.strong(title)}  `;
  const room = columns - width(head) - width(lock) - width(state) - 3;
  const shown = fit(place, Math.max(4, room), style.glyph.ellipsis);
  const left = line`${head}${shown}${lock}`;
  const gap = clean(' '.repeat(Math.max(2, columns - 1 - width(left) - width(state))));
  return <Lines lines={[padEnd(fit(line`${left}${gap}${state}`, columns, style.glyph.ellipsis), columns)]} />;
}
