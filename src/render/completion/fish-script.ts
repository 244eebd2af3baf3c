import {
  type CompletedCommand,
  type CompletedProgram,
  type Described,
  markedFlags,
  placedValues,
} from './completed-program.js';

/** For fish 3 and later. */
export function fishScript(program: CompletedProgram, names: readonly string[]): string {
  const own = `__${names[0]}`;
  const { commands } = program;
  const values = placedValues(program);
  const byPath = (lines: (command: CompletedCommand) => string) =>
    commands.map((command) => [[command.path], lines(command)] as const).filter(([, text]) => text !== '');
  return `# fish completion for ${names.join(' and ')} ${program.version}; made by: keyctl completion fish

${table(`${own}_leaves`, 'The commands behind the words $argv[1].', byPath(leafLines))}

${table(`${own}_flags`, 'The flags of the command $argv[1].', byPath(flagLines))}

${table(`${own}_takes`, 'What its flags take: = a value, ? perhaps one, * several.', byPath(markedLines))}

${table(
  `${own}_values`,
  'The values of a flag: "revoke --code"; or those at a place behind a command: "audit report 0".',
  values
    .filter(({ value }) => value.words.length > 0)
    .map(({ places, value }) => [places, printed(value.words, '%s\\n')] as const),
)}

${table(
  `${own}_files`,
  'Which files stand there.',
  values
    .filter(({ value }) => value.files !== null)
    .map(({ places, value }) => [places, `echo ${value.files}`] as const),
)}

${engine.replaceAll('__keyctl', own)}

${names.map((name) => `complete -c ${name} -f -a '(${own}_complete)'`).join('\n')}`;
}

/** A function that prints, for one of some words, what belongs to it. */
function table(
  name: string,
  about: string,
  cases: readonly (readonly [of: readonly string[], prints: string])[],
): string {
  const lines = cases.map(
    ([of, prints]) => `        case ${of.map(quoted).join(' ')}\n            ${prints}`,
  );
  return `# ${about}\nfunction ${name}\n    switch "$argv[1]"\n${lines.join('\n')}\n    end\nend`;
}

const leafLines = ({ leaves }: CompletedCommand) => printedPairs(leaves);

const flagLines = ({ flags }: CompletedCommand) =>
  printedPairs(flags.flatMap(({ names, summary }) => names.map((name) => ({ name, summary }))));

const markedLines = (command: CompletedCommand) =>
  printed(
    markedFlags(command).filter((flag) => /[=?*]$/.test(flag)),
    '%s\\n',
  );

function printedPairs(each: readonly Described[]): string {
  return printed(
    each.flatMap(({ name, summary }) => [name, summary]),
    '%s\\t%s\\n',
  );
}

function printed(words: readonly string[], form: string): string {
  return words.length === 0 ? '' : `printf '${form}' ${words.map(quoted).join(' ')}`;
}

/** In fish's single quotes a backslash and a quote are escaped, nothing else is special. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, String.raw`\$&`)}'`;
}

/** The same walk as in bash; what is printed is a choice a line, and behind a tab what it is for. */
const engine = `function __keyctl_names
    for each in (__keyctl_leaves "$argv[1]")
        string split -m 1 -f 1 \\t -- $each
    end
end

# Prints the choices for a value that begins with $argv[3], of the place $argv[1], each behind $argv[2].
function __keyctl_offer
    set -l choices (__keyctl_values "$argv[1]")
    set -l before "$argv[2]"
    set -l value "$argv[3]"
    set -l files (__keyctl_files "$argv[1]")
    if string match -qr '^(file|env|exec):' -- "$value"
        set -l kind (string split -m 1 -f 1 : -- "$value"):
        if contains -- "$kind" $choices
            set before "$before$kind"
            set value (string split -m 1 -f 2 : -- "$value")
            set choices
            set files files
        end
    end
    for each in $choices
        echo "$before$each"
    end
    switch "$files"
        case files
            for each in (__fish_complete_path "$value")
                echo "$before$each"
            end
        case directories
            for each in (__fish_complete_directories "$value")
                echo "$before$each"
            end
    end
end

function __keyctl_complete
    set -l value (commandline -ct)
    set -l everywhere (__keyctl_takes '')
    set -l takes
    set -l at ''
    set -l place 0
    set -l pending ''
    set -l perhaps ''
    set -l many ''
    set -l ended ''
    set -l helping ''
    set -l typed (commandline -opc)
    for word in $typed[2..-1]
        if test -n "$pending"
            set pending ''
        else if test -z "$ended"; and test "x$word" = x--
            set ended 1
            set perhaps ''
            set many ''
        else if test -z "$ended"; and string match -qr '^-.' -- "$word"
            set perhaps ''
            set many ''
            if contains -- "$word=" $takes $everywhere
                set pending "$word"
            else if contains -- "$word?" $takes $everywhere
                set perhaps "$word"
            else if contains -- "$word*" $takes $everywhere
                set many "$word"
            end
        else if test -n "$many"
            continue
        else if test -n "$perhaps"
            set perhaps ''
        else if test -z "$at$helping"; and test "x$word" = xhelp
            set helping 1
        else if test $place -eq 0; and contains -- "$word" (__keyctl_names "$at")
            set at (string trim "$at $word")
            set takes (__keyctl_takes "$at")
        else
            set place (math $place + 1)
        end
    end

    set -l flag "$pending$many"
    set -l before ''
    if test -z "$pending$ended"; and string match -qr '^--.*=' -- "$value"
        set flag (string split -m 1 -f 1 = -- "$value")
        set before "$flag="
        set value (string split -m 1 -f 2 = -- "$value")
    else if test -z "$pending$ended"; and string match -q -- '-*' "$value"
        test -z "$helping"; and test -n "$at"; and __keyctl_flags "$at"
        __keyctl_flags ''
        return
    end
    if test -n "$flag"
        set -l of ''
        string match -qr -- (string escape --style=regex -- "$flag")'[=?*]' $takes; and set of "$at"
        __keyctl_offer "$of $flag" "$before" "$value"
        return
    end
    test $place -eq 0; and __keyctl_leaves "$at"
    test -n "$perhaps"; and __keyctl_offer "$at $perhaps" '' "$value"
    if test -z "$helping"
        __keyctl_offer "$at $place" '' "$value"
    else if test -z "$at"
        __keyctl_offer 'help 0' '' "$value"
    end
end`;
