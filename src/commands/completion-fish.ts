import type { CompletedCommand, Wanted } from './completion-model.js'

/** A script for fish, version 3 or newer. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  return `# fish completion of etl; made by \`etl completion fish\`

# Names under \`entities:\` of the file on the line, else of the folder's own.
function __etl_entities
    for word in (commandline -opc) etl.yaml pipeline.yaml
        if string match -qr '\\.ya?ml$' -- $word; and test -f $word
            awk '/^entities:/ { e = 1; next } /^[^ #]/ { e = 0 }
                e && /^ +[A-Za-z]/ { match($0, /^ +/); if (!d) d = RLENGTH; if (RLENGTH == d) { sub(/:.*/, ""); print $1 } }' $word
            return
        end
    end
end

complete -c etl -f
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf(command: CompletedCommand, _: number, all: readonly CompletedCommand[]): string[] {
  const { path, options, places } = command
  const when = conditionOf(path, command.below)
  const below = all.filter(each => each.path !== '' && each.path.split(' ').slice(0, -1).join(' ') === path)
  return [
    ...below.map(
      each => `complete -c etl ${when} -a ${quoted(each.path.split(' ').at(-1) ?? '')} -d ${quoted(each.about)}`,
    ),
    ...options.map(({ names, about, value }) => {
      const flags = names.map(name => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')
      return `complete -c etl ${when} ${flags} -d ${quoted(about)}${value === undefined ? '' : ` -x${offer(value)}`}`
    }),
    ...[...new Set(places.map(offer))].filter(text => text !== '').map(text => `complete -c etl ${when}${text}`),
  ]
}

/** The commands on the line are these, and none below them. */
function conditionOf(path: string, below: readonly string[]): string {
  if (path === '') return '-n __fish_use_subcommand'
  const seen = path.split(' ').map(word => `__fish_seen_subcommand_from ${word}`)
  const not = below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(' ')}`]
  return `-n ${quoted([...seen, ...not].join('; and '))}`
}

function offer(wanted: Wanted): string {
  switch (wanted.kind) {
    case 'words':
      return ` -a ${quoted(wanted.words.join(' '))}`
    case 'entity':
      return " -a '(__etl_entities)'"
    case 'pipeline':
      return " -a '(__fish_complete_suffix .yaml)'"
    case 'file':
      return " -a '(__fish_complete_path)'"
    case 'anything':
      return ''
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
