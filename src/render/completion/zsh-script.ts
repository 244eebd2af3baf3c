import { shellWord } from '../shell-word.js';
import {
  type CompletedCommand,
  type CompletedProgram,
  type Described,
  markedFlags,
  placedValues,
} from './completed-program.js';

/** For zsh 5: a file of $fpath, or text for `source`. */
export function zshScript(program: CompletedProgram, names: readonly string[]): string {
  const own = `_${names[0]}`;
  return `#compdef ${names.join(' ')}
# zsh completion for ${names.join(' and ')} ${program.version}; made by: keyctl completion zsh

# What can follow the words $1: commands, and flags; in takes = means a value, ? perhaps one, * several.
${own}_at() {
  case $1 in
${program.commands.map(commandCase).join('\n')}
    *) leaves=() flags=() names='' takes='' ;;
  esac
}

# What can be the value of flag $2 of the command $1, or stand at place $2 (0, 1) behind it.
${own}_values() {
  case "$1 $2" in
${placedValues(program)
  .map(({ places, value: { words, files } }) => {
    const choices = `choices=(${words.map(shellWord).join(' ')})`;
    return `    ${places.map(shellWord).join('|')}) ${choices} files=${shellWord(files ?? '')} ;;`;
  })
  .join('\n')}
    *) choices=() files='' ;;
  esac
}

${engine.replaceAll('_keyctl', own)}
if [[ $funcstack[1] == ${own} ]]; then
  ${own} "$@"
else
  compdef ${own} ${names.join(' ')}
fi`;
}

function commandCase(command: CompletedCommand): string {
  const flags = command.flags.flatMap(({ names, summary }) => names.map((name) => ({ name, summary })));
  return `    ${shellWord(command.path)})
      leaves=(${described(command.leaves)})
      flags=(${described(flags)})
      names=${shellWord(command.leaves.map(({ name }) => name).join(' '))} takes=${shellWord(markedFlags(command).join(' '))}
      ;;`;
}

function described(each: readonly Described[]): string {
  return each.map(({ name, summary }) => shellWord(`${name}:${summary}`)).join(' ');
}

/** The same walk as in bash; zsh cuts no words, and shows what each choice is for. */
const engine = `_keyctl_offer() {
  if [[ $PREFIX == (file|env|exec):* && " $choices " == *" \${PREFIX%%:*}: "* ]]; then
    compset -P '[a-z]##:'
    _files
    return
  fi
  local -a whole begun
  whole=(\${choices:#*:}) begun=(\${(M)choices:#*:})
  (( $#whole )) && compadd -- "\${whole[@]}"
  (( $#begun )) && compadd -S '' -- "\${begun[@]}"
  case $files in
    files) _files ;;
    directories) _files -/ ;;
  esac
}

_keyctl() {
  local at='' place=0 pending='' maybe='' many='' ended='' helping='' names='' takes='' everywhere='' files=''
  local word flag i
  local -a leaves flags choices everyflag
  _keyctl_at ''
  everyflag=("\${flags[@]}") everywhere=$takes
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $pending ]]; then
      pending=''
    elif [[ -z $ended && $word == -- ]]; then
      ended=1 maybe='' many=''
    elif [[ -z $ended && $word == -?* ]]; then
      maybe='' many=''
      case " $takes $everywhere " in
        *" $word= "*) pending=$word ;;
        *" $word? "*) maybe=$word ;;
        *" $word* "*) many=$word ;;
      esac
    elif [[ -n $many ]]; then
      :
    elif [[ -n $maybe ]]; then
      maybe=''
    elif [[ -z $at$helping && $word == help ]]; then
      helping=1
    elif [[ $place -eq 0 && " $names " == *" $word "* ]]; then
      at=\${at:+$at }$word
      _keyctl_at "$at"
    else
      place=$((place + 1))
    fi
  done
  [[ -n $helping ]] && flags=() takes=''

  flag=$pending$many
  if [[ -z $pending$ended && $PREFIX == --*=* ]]; then
    flag=\${PREFIX%%=*}
    compset -P '--[^=]##='
  elif [[ -z $pending$ended && $PREFIX == -* ]]; then
    flags+=("\${everyflag[@]}")
    _describe -o -t options flag flags
    return
  fi
  if [[ -n $flag ]]; then
    if [[ " $takes " == *" $flag"[=?*]' '* ]]; then _keyctl_values "$at" "$flag"; else _keyctl_values '' "$flag"; fi
    _keyctl_offer
    return
  fi
  [[ $place -eq 0 ]] && (( $#leaves )) && _describe -t commands command leaves
  if [[ -n $maybe ]]; then
    _keyctl_values "$at" "$maybe"
    _keyctl_offer
  fi
  if [[ -z $helping ]]; then
    _keyctl_values "$at" "$place"
    _keyctl_offer
  elif [[ -z $at ]]; then
    _keyctl_values help 0
    _keyctl_offer
  fi
}`;
