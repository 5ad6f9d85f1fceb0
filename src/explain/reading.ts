import type { ErrorCode } from '../core/codes.js'
import type { Explanation } from './explanation.js'

/** E0xx: the file as text. */
export const READING = {
  E001: {
    means: 'A file that was named is not there, is a folder, or may not be opened.',
    why: 'A path with a typo, a command run in another folder than you think, or rights. Paths on the command line start at the current folder, paths inside a pipeline file at the folder of that file.',
    example: { at: 'pipline.yaml', what: 'there is no such file', hint: 'Check the path.' },
    mend: ['Look what is there: `ls -l`', 'Give the path: `etl validate path/to/pipeline.yaml`'],
  },
  E002: {
    means: 'The file holds nothing, or nothing but comments.',
    why: 'It was created and not written yet, or an editor or a copy lost its content.',
    example: {
      at: 'pipeline.yaml',
      what: 'the file is empty',
      hint: 'Write the pipeline; `etl reference` describes the language.',
    },
    mend: ['Write the pipeline; the language: `etl reference`'],
  },
  E003: {
    means: 'The bytes of the file are not UTF-8 text.',
    why: 'It was saved in another encoding (UTF-16, Latin-1), or it is no text file at all.',
    example: {
      at: 'pipeline.yaml',
      what: 'the file is not UTF-8 text',
      hint: 'Save it as UTF-8, without binary content.',
    },
    mend: ['See what it is: `file pipeline.yaml`', 'Convert it: `iconv -f LATIN1 -t UTF-8 old.yaml > pipeline.yaml`'],
  },
  E004: {
    means: 'The text is not valid YAML, so nothing of it could be read.',
    why: 'Mostly a tab as indentation, a missing space after a colon, a quote or bracket that is never closed, or a line indented otherwise than its neighbours. Tags (`!…`) are no part of the language.',
    example: { at: 'pipeline.yaml:8:1', what: 'a tab cannot indent YAML', hint: 'Indent with spaces.' },
    mend: ['Mend the marked place, then look again: `etl validate`'],
  },
  E005: {
    means: 'A second YAML document begins in the file (`---`).',
    why: 'Two pipelines were put into one file.',
    example: {
      at: 'pipeline.yaml:31:1',
      what: 'a second document begins here',
      hint: 'Keep one pipeline in a file, and remove the `---` between them.',
    },
    mend: ['Make two files of it.', 'Variants of one pipeline belong under `profiles`: `etl run --profile rehearsal`'],
  },
  E006: {
    means: 'A key stands twice in the same block.',
    why: 'A block was copied and its name not changed. YAML itself would silently keep one of the two.',
    example: { at: 'pipeline.yaml:22:3', what: '`customers` stands here twice' },
    mend: ['Rename or remove one of the two.'],
  },
  E007: {
    means: 'The YAML aliases (`*name`) of the file unfold to more than a pipeline can sensibly hold.',
    why: 'Aliases of aliases multiply; a few lines can stand for billions of entries.',
    example: {
      at: 'pipeline.yaml:14:5',
      what: 'aliases unfold to more than 10000 parts',
      hint: 'Write the values out, or use `defaults` and `maps`.',
    },
    mend: ['Write the values out, or use `defaults` and `maps`.'],
  },
  E008: {
    means: 'Blocks, lists or brackets are nested deeper than a pipeline can sensibly be.',
    why: 'Mostly a bracket that is never closed, or generated text.',
    example: {
      at: 'pipeline.yaml:9:77',
      what: 'nested deeper than 100 levels',
      hint: 'Look for a bracket that is never closed.',
    },
    mend: ['Close the bracket. A deep expression is easier to read in parts: name them under `let`.'],
  },
  E009: {
    means: 'The pipeline file is larger than 1 MB.',
    why: 'Value maps or rows were written into it.',
    example: {
      at: 'pipeline.yaml',
      what: 'the file is larger than 1 MB',
      hint: 'Put value maps into CSV files: `maps: { country: maps/country.csv }`.',
    },
    mend: ['Put value maps into CSV files: `maps: { country: maps/country.csv }`'],
  },
  E010: {
    means: 'The file uses a variable that has no value.',
    why: 'It is set neither by `--var`, nor in the environment, nor in `.env` beside the file. Variables of a shell must be exported.',
    example: {
      at: 'pipeline.yaml:5:15',
      what: 'PGPASSWORD is not set',
      hint: 'Set PGPASSWORD in the environment or in .env, give --var PGPASSWORD=…, or write ${PGPASSWORD:-default}.',
    },
    mend: [
      'Export it: `export PGPASSWORD=…`',
      'Or write it into `.env` beside the file: `PGPASSWORD=…`',
      'Or give it once: `etl run --var PGPASSWORD=…`',
      'Or write a default into the file: `${PGHOST:-localhost}`',
    ],
  },
  E011: {
    means: 'A variable stands without quotes inside `{ }` or `[ ]`, where YAML takes its braces for its own.',
    why: '`{ password: ${DB_PASSWORD} }` is a block in a block for YAML.',
    example: {
      at: 'pipeline.yaml:5:41',
      what: 'inside { } and [ ] a variable needs quotes',
      hint: 'Write "${DB_PASSWORD}".',
    },
    mend: ['Put it in quotes: `{ password: "${DB_PASSWORD}" }`', 'Or write the block over several lines.'],
  },
  E012: {
    means: 'The profile of `--profile` is not in the file.',
    why: 'A typo, or the wrong file.',
    example: {
      at: 'pipeline.yaml:40:1',
      what: 'no profile is called "rehersal"',
      hint: 'Did you mean "rehearsal"? Profiles: rehearsal, production.',
    },
    mend: ['Name one of `profiles`: `etl run --profile rehearsal`', 'Or add it under `profiles` of the file.'],
  },
  E013: {
    means: 'A path leads out of the folder that it has to stay in.',
    why: 'A pipeline reads files beside itself or below, so that a file from elsewhere cannot make it read what it should not. Links are followed before this is decided.',
    example: {
      where: '../exports/customers.csv',
      what: '../exports/customers.csv lies outside the folder of the pipeline',
      hint: 'put it beside the pipeline or below it, or name its folder under `roots` of the source',
    },
    mend: [
      'Put the file beside the pipeline or below it.',
      'Or allow its folder: `roots: [../exports]` in the block of the source.',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>
