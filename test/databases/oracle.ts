export { database } from '../support/tns/test-database.js'
