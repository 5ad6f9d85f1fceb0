import { shippedFileCommand } from './shipped-file.js'

export const referenceCommand = shippedFileCommand(
  'reference',
  'print the reference of the pipeline language (Markdown)',
  'REFERENCE.md',
  'REFERENCE.md',
)
