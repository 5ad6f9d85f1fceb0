import { workersOf } from './workers.js'

workersOf('restate')
