/** How the rows between banner and bottom are divided. */
export interface TwoPanes {
  /** The detail stands beside the list. */
  readonly wide: boolean;
  readonly listColumns: number;
  readonly detailColumns: number;
  /** Rows of the list without heading and the line that counts the rest. */
  readonly listRows: number;
  readonly detailRows: number;
}

const wideFrom = 120;
const leastList = 3;
/** Of the rows, where the detail stands below. */
const listShare = 0.36;
/** The heading, and the line that says how many are below. */
const aroundList = 2;

/** A list and the detail of what is selected in it. @param listed how many there are: a short list leaves its rows to the detail */
export function twoPanes(
  { columns, rows }: { readonly columns: number; readonly rows: number },
  listed: number,
): TwoPanes {
  if (columns >= wideFrom) {
    const listColumns = Math.floor(columns * 0.48);
    const detailColumns = columns - listColumns - 2;
    return { wide: true, listColumns, detailColumns, listRows: rows - aroundList, detailRows: rows };
  }
  const most = Math.max(leastList, Math.floor((rows - aroundList) * listShare));
  const listRows = Math.max(leastList, Math.min(listed, most));
  const detailRows = Math.max(0, rows - listRows - aroundList);
  return { wide: false, listColumns: columns, detailColumns: columns, listRows, detailRows };
}
