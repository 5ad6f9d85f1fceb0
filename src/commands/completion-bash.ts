import type { CompletedCommand, Wanted } from './completion-model.js'

/** A script for bash, version 3.2 or newer. With `zsh` it is read by zsh's own emulation. */
export function bashCompletion(commands: readonly CompletedCommand[], { zsh }: { readonly zsh: boolean }): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => path)
  const taking = commands.flatMap(({ path, options }) =>
    options.flatMap(({ names, value }) =>
      value === undefined ? [] : [{ patterns: names.map(name => `${path} ${name}`), value }],
    ),
  )
  return `${zsh ? '#compdef etl\nautoload -U +X bashcompinit && bashcompinit\n' : ''}# ${zsh ? 'zsh' : 'bash'} completion of etl; made by \`etl completion ${zsh ? 'zsh' : 'bash'}\`

# Names under \`entities:\` of the file on the line, else of the folder's own.
_etl_entities() {
  local word file=
  for word in "\${COMP_WORDS[@]}" etl.yaml pipeline.yaml; do
    case $word in *.yaml|*.yml) if [ -f "$word" ]; then file=$word; break; fi ;; esac
  done
  [ -n "$file" ] && awk '/^entities:/ { e = 1; next } /^[^ #]/ { e = 0 }
    e && /^ +[A-Za-z]/ { match($0, /^ +/); if (!d) d = RLENGTH; if (RLENGTH == d) { sub(/:.*/, ""); print $1 } }' "$file"
}

_etl_offer() {
  case $1 in
    words) COMPREPLY=($(compgen -W "$2" -- "$cur")) ;;
    entity) COMPREPLY=($(compgen -W "$(_etl_entities)" -- "$cur")) ;;
    pipeline) COMPREPLY=($(compgen -f -X '!*.yaml' -- "$cur") $(compgen -f -X '!*.yml' -- "$cur") $(compgen -d -S / -- "$cur")) ;;
    file) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}

_etl() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command= place=0 skip= i word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [ -n "$skip" ]; then skip=; continue; fi
    case "$command $word" in
      ${paths.map(path => quoted(path.includes(' ') ? path : ` ${path}`)).join('|')}) command="\${command:+$command }$word"; place=0 ;;
      ${taking.flatMap(({ patterns }) => patterns.map(quoted)).join('|')}) skip=1 ;;
      *' -'*) ;;
      *) place=$((place + 1)) ;;
    esac
  done
  if [ -n "$skip" ]; then
    case "$command $word" in
${taking.map(({ patterns, value }) => `      ${patterns.map(quoted).join('|')}) ${offer(value)} ;;`).join('\n')}
    esac
    return
  fi
  case "$command" in
${commands.map(branch).join('\n')}
  esac
}

complete -F _etl etl
`
}

function branch({ path, options, places, below }: CompletedCommand): string {
  const names = options.flatMap(option => option.names).join(' ')
  const cases = places.map((wanted, i) => `      ${i}) ${offer(wanted)} ;;`)
  const first = below.length === 0 ? [] : [`      0) _etl_offer words ${quoted(below.join(' '))} ;;`]
  // Where names of commands can stand, so can a file: the names come first.
  const own =
    below.length > 0 && places.length > 0 ? [both(below, places[0] as Wanted), ...cases.slice(1)] : [...first, ...cases]
  return `    ${quoted(path)}) case $cur in -*) _etl_offer words ${quoted(names)} ;; *) case $place in
${own.join('\n')}
      esac ;; esac ;;`
}

function both(below: readonly string[], wanted: Wanted): string {
  return `      0) ${offer(wanted)}; COMPREPLY=("\${COMPREPLY[@]}" $(compgen -W ${quoted(below.join(' '))} -- "$cur")) ;;`
}

function offer(wanted: Wanted): string {
  if (wanted.kind === 'anything') return ':'
  return wanted.kind === 'words' ? `_etl_offer words ${quoted(wanted.words.join(' '))}` : `_etl_offer ${wanted.kind}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
