import { createContext, useContext } from 'react';
import type { Style } from '../../render/style.js';

/** What a component may know of the place it is drawn in. */
export interface ScreenView {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
  /** Read aloud: sentences instead of columns and charts, and nothing that changes by itself. */
  readonly isScreenReader: boolean;
}

export const ScreenViewContext = createContext<ScreenView | null>(null);

export function useScreenView(): ScreenView {
  const view = useContext(ScreenViewContext);
  if (view === null) throw new Error('drawn outside of a screen');
  return view;
}
