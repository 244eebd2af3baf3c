export const longestName = 200;

const suffix = ' (rotated)';

/** The name a successor gets unless one is given: `{name} (rotated)`, never doubled, at most 200 characters. */
export function rotatedName(name: string): string {
  const characters = [...baseName(name)];
  return (
    characters
      .slice(0, longestName - suffix.length)
      .join('')
      .trimEnd() + suffix
  );
}

/** The name without ` (rotated)`: what a family is called by, whichever of its keys is asked for. */
export function baseName(name: string): string {
  let base = name;
  while (base.endsWith(suffix) && base.length > suffix.length) base = base.slice(0, -suffix.length);
  return base;
}
