import { renderToString } from 'ink';
import { createElement, type ReactNode } from 'react';
import { styleFor } from '../../src/render/style.js';
import { type ScreenView, ScreenViewContext } from '../../src/ui/kit/screen-view.js';

/** What a component draws on a screen of that size, line by line, without the blanks at their ends. */
export function frameOf(node: ReactNode, view: Partial<ScreenView> = {}): string[] {
  const whole: ScreenView = {
    columns: 80,
    rows: 24,
    style: styleFor({ colorLevel: 0, unicode: true }),
    isScreenReader: false,
    ...view,
  };
  const element = createElement(ScreenViewContext.Provider, { value: whole }, node);
  return renderToString(element, { columns: whole.columns })
    .split('\n')
    .map((text) => text.trimEnd());
}
