import { workersOf } from './workers.js'

workersOf('pg-boss')
