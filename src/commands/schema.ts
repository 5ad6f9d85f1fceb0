import { shippedFileCommand } from './shipped-file.js'

export const schemaCommand = shippedFileCommand(
  'schema',
  'print the JSON Schema of pipeline files, for editors',
  'pipeline.schema.json',
  'pipeline.schema.json',
)
