/** What is wrong with a field: its name before the message, but where a function of the same name says it already. */
export function inField(field: string | undefined, message: string): string {
  return field === undefined || message.startsWith(`${field}: `) ? message : `${field}: ${message}`
}
