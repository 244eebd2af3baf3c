import { type Binding, footerText } from './key-table.js';
import { Lines } from './Lines.jsx';
import { useScreenView } from './screen-view.js';

/** The keys that matter here, drawn from the key table. */
export function KeyFooter({ bindings }: { readonly bindings: readonly Binding<string>[] }) {
  const { columns, style } = useScreenView();
  return <Lines lines={[footerText(bindings, columns, style)]} />;
}
