import type { StepKind } from '../../../domain/playbooks/step-kinds.js';
import { byteSize, counted } from '../../numbers.js';
import type { View } from '../../renderer.js';
import type { Style } from '../../style.js';
import { clean, joinWith, line, type Safe } from '../../terminal-text.js';
import { countOf, listOf, objectOf, type Stored, text, textsOf, when } from './stored-values.js';

type Lines = (result: Stored, view: View) => readonly Safe[];

/**
 * What a step found and did, for people. Read from what the database keeps of it, so that whoever goes on sees the same as who
 * did it; whatever is not as it should be is left out.
 */
export function resultLines(kind: StepKind, result: Stored, view: View): readonly Safe[] {
  return lines[kind]?.(result, view) ?? [];
}

const lines: Readonly<Partial<Record<StepKind, Lines>>> = {
  identify: (result) => listOf(result.keys).map(keyLine),
  gather: (result) => [
    ...listOf(result.keys).map(keyLine),
    ...(countOf(result.dead_already) === 0 ? [] : [line`dead already: ${countOf(result.dead_already)}`]),
  ],
  'blast-radius': radiusLines,
  contain: containLines,
  prove: proofLines,
  preserve: preservedLines,
  replace: (result) =>
    listOf(result.keys).map((each) => {
      const to = joinWith(line`, `, textsOf(each.delivered_to));
      return each.error === null || each.error === undefined
        ? line`${text(each.key_id)} is replaced by ${text(each.new_key_id)}${to === '' ? line`` : line`, delivered to ${to}`}`
        : line`${text(each.key_id)}: ${text(each.error)}`;
    }),
  test: (result) =>
    orNone(
      listOf(result.keys).map((each) => {
        const probe = each.probe_status === null ? line`` : line`, the probe got ${text(each.probe_status)}`;
        const used =
          each.first_used_at === null ? line`not in use yet` : line`in use since ${when(each.first_used_at)}`;
        return line`${text(each.key_id)}  kernel ${text(each.decision)}${probe}, ${used}`;
      }),
      line`nothing replaces a key of this incident`,
    ),
  watch: watchLines,
  notify: (result) =>
    listOf(result.texts).map((each) =>
      each.sent === true
        ? line`${text(each.audience)} told`
        : line`${text(each.audience)}: ${each.error === null ? line`to be sent by hand` : text(each.error)}`,
    ),
  learn: (result) => textsOf(result.follow_ups).map((id) => line`follow-up ${id}`),
  close: (result) => [line`closed ${when(result.closed_at)}`],
  restrict: (result) => [
    ...Object.entries(objectOf(result.settings)).map(([name, value]) => line`${clean(name)} ${text(value)}`),
    ...(result.suspended_seconds === null
      ? []
      : [line`suspended for ${countOf(result.suspended_seconds)} s`]),
    ...textsOf(result.networks).map((cidr) => line`${cidr} blocked`),
  ],
  decide: (result) => [line`decided: ${text(result.decision)}`],
  task: (result) => [text(result.note)],
};

function keyLine(each: Stored): Safe {
  return line`${text(each.key_id)}  ${text(each.status)}  ${text(each.name)}`;
}

function radiusLines(result: Stored): Safe[] {
  const top = (label: Safe, list: unknown) => {
    const shown = listOf(list).slice(0, 3);
    const parts = shown.map((each) => line`${text(each.value ?? 'unknown')} ${countOf(each.requests)}`);
    return parts.length === 0 ? [] : [line`${label} ${joinWith(line`, `, parts)}`];
  };
  const out = listOf(result.data_out).slice(0, 3);
  return [
    line`${countOf(result.requests)} requests since ${when(result.since)}, ${countOf(result.refused)} refused, ${byteSize(countOf(result.bytes))} out`,
    ...top(line`to`, result.endpoints),
    ...top(line`from`, result.ips),
    ...top(line`with`, result.agents),
    ...out.flatMap((each) =>
      each.known === false && countOf(each.bytes) > 0
        ? [line`new: ${byteSize(countOf(each.bytes))} by ${text(each.endpoint ?? 'unknown')}`]
        : [],
    ),
    ...(result.new_ip_count === null ? [line`other keys: not known in time`] : []),
    ...(countOf(result.new_ip_count) === 0
      ? []
      : [
          line`${counted(countOf(result.new_ip_count), 'new address')}: ${joinWith(
            line`, `,
            listOf(result.new_ips)
              .slice(0, 5)
              .map((each) => text(each.ip)),
          )}`,
        ]),
    ...listOf(result.other_keys)
      .slice(0, 5)
      .map(
        (each) =>
          line`seen from them too: ${text(each.key_id)} ${text(each.name)}, ${countOf(each.accepted)} let in`,
      ),
  ];
}

function containLines(result: Stored): Safe[] {
  return [
    ...listOf(result.keys).map((each) => {
      const why = each.error === null || each.error === undefined ? line`` : line`: ${text(each.error)}`;
      return line`${text(each.key_id)}  ${clean(String(each.outcome ?? '').replaceAll('_', ' '))}${why}`;
    }),
    ...textsOf(result.networks).map((cidr) => line`${cidr} blocked`),
  ];
}

function proofLines(result: Stored, { style }: View): Safe[] {
  return [
    ...listOf(result.keys).map((each) => {
      const id = text(each.key_id);
      if (each.dead !== true)
        return style.warning(line`${style.sign.warning} ${id}: ${text(each.doubt ?? 'not shown')}`);
      const probe = each.probe_status === null ? line`` : line`, the probe got ${text(each.probe_status)}`;
      const log =
        each.events_as_of === null ? line`` : line`, nothing let in until ${when(each.events_as_of)}`;
      return style.ok(line`${style.sign.ok} ${id} is dead${probe}${log}`);
    }),
    ...textsOf(result.usable).map((id) => style.danger(line`${style.sign.danger} ${id} is usable`)),
  ];
}

function preservedLines(result: Stored): Safe[] {
  const sum = line`sha256 ${text(result.sha256)}`;
  return result.kept === 'bundle'
    ? [line`${text(result.path)}, ${byteSize(countOf(result.bytes))}, ${countOf(result.events)} events`, sum]
    : [line`counts only: nothing was sealed into a file`, sum];
}

function watchLines(result: Stored, { style }: View): Safe[] {
  const keys = listOf(result.keys);
  const asOf = typeof result.as_of === 'string' ? result.as_of : '';
  const reaches = keys.some((each) => asOf > String(each.dead_since ?? ''));
  const extent = asOf === '' ? line`there is no usage` : line`events until ${when(asOf)}`;
  return [
    // Silence says nothing where nobody listened.
    reaches ? extent : style.warning(line`${style.sign.warning} ${extent}: nothing is known of attempts yet`),
    ...keys.flatMap((each) => watchedLines(each, style)),
  ];
}

function watchedLines(each: Stored, style: Style): Safe[] {
  const id = text(each.key_id);
  const letIn = countOf(each.let_in);
  const used = each.successor_first_used_at;
  const successor =
    used === null || used === undefined ? line`is not in use yet` : line`in use since ${when(used)}`;
  return [
    letIn === 0
      ? line`${id}  ${countOf(each.refused)} refused since its death`
      : style.danger(line`${style.sign.danger} ${id}  ${letIn} LET IN since its death`),
    ...listOf(each.from)
      .slice(0, 3)
      .map((from) => {
        const [ip, agent] = [text(from.ip ?? 'an unknown address'), text(from.agent ?? 'no agent')];
        return line`  ${countOf(from.requests)} from ${ip} with ${agent}`;
      }),
    ...(each.successor_id === null ? [] : [line`  ${text(each.successor_id)} ${successor}`]),
  ];
}

function orNone(all: readonly Safe[], none: Safe): readonly Safe[] {
  return all.length === 0 ? [none] : all;
}
