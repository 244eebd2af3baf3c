import { shellWord } from '../shell-word.js';
import {
  type CompletedProgram,
  type CompletedValue,
  markedFlags,
  placedValues,
} from './completed-program.js';

/** For bash 3.2 (macOS) and later; needs no other package. */
export function bashScript(program: CompletedProgram, names: readonly string[]): string {
  const own = `_${names[0]}`;
  return `# bash completion for ${names.join(' and ')} ${program.version}; made by: keyctl completion bash

# What can follow the words $1: commands, and flags; behind a flag = means a value, ? perhaps one, * several.
${own}_at() {
  case $1 in
${program.commands.map(commandCase).join('\n')}
    *) leaves='' flags='' ;;
  esac
}

# What can be the value of flag $2 of the command $1, or stand at place $2 (0, 1) behind it.
${own}_values() {
  case "$1 $2" in
${placedValues(program)
  .map(({ places, value }) => `    ${places.map(shellWord).join(' | ')}) ${assignments(value)} ;;`)
  .join('\n')}
    *) choices='' files='' ;;
  esac
}

${engine.replaceAll('_keyctl', own)}
complete -F ${own} ${names.join(' ')}`;
}

function commandCase(command: CompletedProgram['commands'][number]): string {
  const leaves = shellWord(command.leaves.map(({ name }) => name).join(' '));
  return `    ${shellWord(command.path)}) leaves=${leaves} flags=${shellWord(markedFlags(command).join(' '))} ;;`;
}

function assignments({ words, files }: CompletedValue): string {
  return `choices=${shellWord(words.join(' '))} files=${shellWord(files ?? '')}`;
}

/**
 * Walks the words before the cursor as commander reads them, and offers what can come next. Bash cuts words at = and : on
 * its own (COMP_WORDBREAKS), so they are put together first, and what stands already is cut from the answers at last.
 */
const engine = `_keyctl() {
  local IFS=$' \\t\\n' at='' place=0 pending='' maybe='' many='' ended='' helping='' joined='' prefix=''
  local leaves flags everywhere choices='' files='' word flag value real strip i last
  local -a line
  line=()
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $i -eq $COMP_CWORD && -z $word && \${COMP_LINE:COMP_POINT-1:1} == ' ' ]]; then
      line+=('')
    elif [[ \${#line[@]} -gt 0 && -n $word && -z \${word//[=:]/} ]]; then
      line[\${#line[@]} - 1]+=$word joined=1
    elif [[ -n $joined ]]; then
      line[\${#line[@]} - 1]+=$word joined=''
    else
      line+=("$word")
    fi
  done
  last=$((\${#line[@]} - 1))
  value=\${line[last]}
  real=\${COMP_WORDS[COMP_CWORD]}
  [[ -z \${real//[=:]/} ]] && real=''
  strip=\${value%"$real"}

  _keyctl_at ''
  everywhere=$flags
  for ((i = 0; i < last; i++)); do
    word=\${line[i]}
    if [[ -n $pending ]]; then
      pending=''
    elif [[ -z $ended && $word == -- ]]; then
      ended=1 maybe='' many=''
    elif [[ -z $ended && $word == -?* ]]; then
      maybe='' many=''
      case " $flags $everywhere " in
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
    elif [[ $place -eq 0 && " $leaves " == *" $word "* ]]; then
      at=\${at:+$at }$word
      _keyctl_at "$at"
    else
      place=$((place + 1))
    fi
  done
  [[ -n $helping ]] && flags=''

  flag=$pending$many
  if [[ -z $pending$ended && $value == --*=* ]]; then
    flag=\${value%%=*} prefix=\${value%%=*}= value=\${value#*=}
  elif [[ -z $pending$ended && $value == -* ]]; then
    flag='' choices=" $flags $everywhere "
    choices=\${choices//[=?*] / }
  elif [[ -z $flag ]]; then
    if [[ -n $helping ]]; then
      [[ -z $at ]] && _keyctl_values help 0
    else
      _keyctl_values "$at" "$place"
    fi
    word=$choices
    [[ $place -eq 0 ]] && word="$leaves $word"
    if [[ -n $maybe ]]; then
      _keyctl_values "$at" "$maybe"
      word="$choices $word"
    fi
    choices=$word
  fi
  if [[ -n $flag ]]; then
    if [[ " $flags " == *" $flag"[=?*]' '* ]]; then _keyctl_values "$at" "$flag"; else _keyctl_values '' "$flag"; fi
    case $value in
      file:* | env:* | exec:*)
        if [[ " $choices " == *" \${value%%:*}: "* ]]; then
          prefix+=\${value%%:*}: value=\${value#*:} choices='' files=files
        fi
        ;;
    esac
  fi

  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$prefix$word"); done < <(compgen -W "$choices" -- "$value")
  if [[ -n $files ]]; then
    local kind=-f
    [[ $files == directories ]] && kind=-d
    while IFS= read -r word; do COMPREPLY+=("$prefix$word"); done < <(compgen "$kind" -- "$value")
    compopt -o filenames 2> /dev/null
  elif [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *: ]]; then
    compopt -o nospace 2> /dev/null
  fi
  for ((i = 0; i < \${#COMPREPLY[@]}; i++)); do COMPREPLY[i]=\${COMPREPLY[i]#"$strip"}; done
}`;
