/** The legacy database of a fitness studio, with everything that such a one has wrong; types that SQLite, PostgreSQL and MySQL share. */
export const FITNESS = `
create table trainers (id integer not null primary key, username varchar(40) not null unique, name varchar(40),
  email varchar(80), password_hash varchar(80), created_at varchar(40), active varchar(1));
insert into trainers values
  (1, 'kim', '김민수', 'kim@gym.kr', '$2b$1', '2024-01-05 09:00:00', 'Y'),
  (2, 'lee', '이서연', 'lee@gym.kr', '$2b$2', '2024-01-06 10:30:00', 'Y'),
  (3, 'park', '박지훈', 'Kim@gym.kr', '$2b$3', '2024/02/07', 'Y'),
  (4, 'choi', '최유진', null, '$2b$4', '2024-02-08 08:15:00', 'N'),
  (5, 'jung', '정하늘', 'jung@gym.kr', '$2b$5', '2024-03-09 12:00:00', 'Y');
create table clients (id integer not null primary key, name varchar(40), trainer_id integer, phone varchar(20), birth_date varchar(20));
insert into clients values
  (10, 'Ann', 1, '010-1', '1990-04-01'), (11, 'Bob', 1, null, '01.05.1988'), (12, 'Cho', null, '010-3', '1979-12-31'),
  (13, 'Dan', 99, null, null), (14, 'Eve', 2, '010-5', '2001-06-15');
create table sessions (id integer not null primary key, client_id integer not null, trainer_id integer, session_date varchar(20),
  duration integer, notes varchar(100), status varchar(12), foreign key (trainer_id) references trainers (id));
insert into sessions values
  (1, 10, 1, '2024-05-01', 60, 'legs', 'done'), (2, 10, null, '2024-05-03', 60, null, 'done'),
  (3, 11, 1, '2024-05-03', 45, null, 'missed'), (4, 77, 2, '2024-05-04', 60, null, 'done');
create table training_sessions (id integer not null primary key, client_id integer, session_dt varchar(20), duration integer,
  notes varchar(100), coach varchar(20));
insert into training_sessions values (1, 10, '2024-05-01', 60, 'legs', 'kim'), (2, 14, '2024-05-09', 30, null, 'lee');
create table payments (id integer not null primary key, client_id integer, amount decimal(10,0), paid_at varchar(20), method varchar(10));
insert into payments values (1, 10, 55000, '2024-05-01', 'card'), (2, 11, 110000, '2024-05-02', 'cash');
create table payment_records (id integer not null primary key, client_id integer, amount decimal(10,0), paid_at varchar(20), remark varchar(30));
insert into payment_records values (1, 10, 55000, '2024-05-01', null);
create table fee_audit_log (id integer not null primary key, payment_id integer, at varchar(20));
`
