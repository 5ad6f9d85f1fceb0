import { createHash } from 'node:crypto'
import type { RunRecord } from '../history/record.js'
import { formatCount, formatDuration } from '../ui/format.js'
import { CONSISTENCY, verdict } from '../ui/summary.js'
import { UNICODE } from '../ui/theme.js'
import { html, type Markup } from './markup.js'
import type { Section, SectionMaker } from './section.js'
import { lineageSection } from './section-lineage.js'
import { backupSection, checksSection, STATE_TONES, undoneSection, verificationSection } from './sections-proof.js'
import { changedSection, predictionSection, quarantineSection, warningsSection } from './sections-rows.js'
import { entitiesSection, graphSection, timeSection, windowsSection } from './sections-run.js'
import { STYLE } from './style.js'

/** The parts of the page, in their order. */
const SECTIONS: readonly SectionMaker[] = [
  undoneSection,
  graphSection,
  entitiesSection,
  predictionSection,
  timeSection,
  checksSection,
  verificationSection,
  quarantineSection,
  changedSection,
  windowsSection,
  backupSection,
  warningsSection,
  lineageSection,
]

// Nothing but the page's own style sheet is loaded or run, whatever its texts say.
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** The record of a run as one HTML page: no scripts, nothing fetched, every text escaped. */
export function reportPage(record: RunRecord): string {
  const sections = SECTIONS.flatMap(make => make(record) ?? [])
  return `<!doctype html>\n${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${record.pipeline} · run ${record.runId}</title>
`}<style>${STYLE}</style>${html`
</head>
<body><main>
${head(record)}
<nav aria-label="Contents">${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}<a href="#facts">Facts</a></nav>
${figures(record)}
${problem(record)}
${sections.map(framed)}
${facts(record)}
<footer>etl ${record.versions.etl} · ${record.endedAt}</footer>
</main></body>
</html>
`}`
}

const TONES = { good: 'good', warn: 'warn', bad: 'bad' } as const

function head(record: RunRecord): Markup {
  const { mark, tone, words } = verdict(record, { color: false, symbols: UNICODE })
  const names = record.sources.map(({ label }) => label).join(', ')
  return html`<header><p class="eyebrow">etl · run ${record.runId}</p>
<h1>${record.pipeline}</h1>
<p class="lead">${names} → ${record.target.label}</p>
<p class="lead">${moment(record.startedAt)} to ${moment(record.endedAt)} UTC · ${formatDuration(record.ms)}</p>
<p class="verdict ${TONES[tone as keyof typeof TONES] ?? 'plain'}"><span aria-hidden="true">${mark}</span> ${words[0]?.toUpperCase()}${words.slice(1)}</p>${record.undone !== undefined && html` <p class="verdict plain">Taken back</p>`}${verified(record)}</header>`
}

/** The verdict of the verification, which is one of its own. */
function verified({ verification }: RunRecord): Markup | undefined {
  if (verification === undefined) return undefined
  const { state, level } = verification
  return html` <p class="verdict ${STATE_TONES[state]}">${state.replaceAll('-', ' ').toUpperCase()} · ${level}</p>`
}

const FIGURES = ['read', 'written', 'skipped', 'filtered', 'deduped', 'quarantined'] as const

function figures({ counts }: RunRecord): Markup {
  return html`<dl class="figures">${FIGURES.map(
    key =>
      html`<div${counts[key] === 0 && html` class="nil"`}><dt>${key}</dt><dd>${formatCount(counts[key])}</dd></div>`,
  )}</dl>`
}

function problem({ error, undone }: RunRecord): Markup | undefined {
  if (error === undefined) return undefined
  // The error was told before it was known that nothing is left to resume.
  const next = undone === undefined ? error.hint : 'remove the cause and run it again, from the beginning'
  return html`<section class="problem"><h2>${error.code} ${error.where}</h2><p>${error.message}</p>${
    next !== undefined && html`<p class="hint"><b>Next:</b> ${next}</p>`
  }</section>`
}

function framed({ id, title, lead, body }: Section): Markup {
  return html`<section id="${id}"><h2>${title}</h2>${lead !== undefined && html`<p>${lead}</p>`}${body}</section>
`
}

/** What somebody needs who asks years later what this run was. */
function facts(record: RunRecord): Markup {
  const { versions } = record
  const rows = [
    ...record.sources.map(({ name, label }) => [`source ${name}`, label]),
    ['target', record.target.label],
    ['consistency', CONSISTENCY[record.consistency]],
    ['fingerprint', record.fingerprint],
    ['exit code', String(record.exitCode)],
    ['made by', `etl ${versions.etl}, node ${versions.node}, ${versions.platform}`],
    ...(record.runDir === undefined ? [] : [['files', record.runDir]]),
  ]
  return html`<section id="facts"><h2>Facts</h2><p></p><dl class="facts">${rows.map(
    ([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`,
  )}</dl></section>`
}

function moment(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}
