/** Why a line is no event, with the words for it. The names are part of the contract (`rejected_by_cause`). */
export const rejectCauses = {
  bad_utf8: 'not UTF-8',
  too_long: 'a line, or a field of it, is too long',
  bad_json: 'not a JSON object',
  bad_line: 'not a combined log line',
  bad_text: 'a field holds what is no text (NUL, half a character, a list)',
  bad_number: 'a number is none, or out of range',
  no_key: 'nothing says which key',
  no_time: 'nothing says when',
  bad_time: 'no date and time with its zone (2026-08-20T03:12:09Z)',
  time_out_of_range: 'before 2000, or after tomorrow',
  broken_input: 'the input broke off here',
} as const;

export type RejectCause = keyof typeof rejectCauses;

/** A record that is no event. An object, so that it cannot be taken for a text. */
export interface Reject {
  readonly cause: RejectCause;
}

export const rejects = Object.fromEntries(
  Object.keys(rejectCauses).map((cause) => [cause, { cause }]),
) as Readonly<Record<RejectCause, Reject>>;

export function isReject(value: object): value is Reject {
  return 'cause' in value;
}
