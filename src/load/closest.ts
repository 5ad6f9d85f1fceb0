export { closest } from '../transforms/suggest.js'
