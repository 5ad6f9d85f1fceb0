create table trainers (
  id integer primary key autoincrement, username text unique not null, password_hash text not null, name text not null,
  email text, created_at timestamp default current_timestamp, last_login timestamp, is_active boolean default 1,
  failed_login_attempts integer default 0, locked_until timestamp
);
create table clients (
  id integer primary key autoincrement, trainer_id integer not null references trainers (id), name text not null,
  age integer not null, gender text not null, height real not null, weight real not null, email text, phone text,
  created_at timestamp default current_timestamp
);
create table assessments (
  id integer primary key autoincrement, client_id integer not null references clients (id), trainer_id integer, date timestamp not null,
  overhead_squat_score integer, overhead_squat_notes text, push_up_score integer, push_up_reps integer, push_up_notes text,
  single_leg_balance_left_eyes_open real, single_leg_balance_right_eyes_open real,
  single_leg_balance_left_eyes_closed real, single_leg_balance_right_eyes_closed real, single_leg_balance_notes text,
  toe_touch_score integer, toe_touch_distance real, toe_touch_notes text,
  shoulder_mobility_left real, shoulder_mobility_right real, shoulder_mobility_score integer, shoulder_mobility_notes text,
  farmers_carry_weight real, farmers_carry_distance real, farmers_carry_time integer, farmers_carry_score integer, farmers_carry_notes text,
  harvard_step_test_heart_rate integer, harvard_step_test_duration real, harvard_step_test_hr1 integer, harvard_step_test_hr2 integer,
  harvard_step_test_notes text
);
create table session_packages (
  id integer primary key autoincrement, client_id integer not null references clients (id), trainer_id integer not null,
  package_name text, total_amount real not null, session_price real not null, total_sessions integer not null,
  remaining_sessions integer not null, is_active boolean default 1, created_at timestamp default current_timestamp
);
create table sessions (
  id integer primary key autoincrement, client_id integer not null, package_id integer, trainer_id integer,
  session_date date not null, session_time time, session_duration integer default 60, status text default 'scheduled', notes text,
  created_at timestamp default current_timestamp, completed_at timestamp
);
create table training_sessions (
  id integer primary key autoincrement, client_id integer not null, package_id integer,
  session_dt date not null, duration integer, state text, memo text, created_at timestamp default current_timestamp
);
create table payments (
  id integer primary key autoincrement, client_id integer not null, package_id integer, trainer_id integer, amount real not null,
  payment_method text, payment_date date not null, description text, created_at timestamp default current_timestamp
);
create table payment_records (
  id integer primary key autoincrement, client_id integer not null, package_id integer, amount real not null, method text, paid_on date not null,
  created_at timestamp default current_timestamp
);
create table fee_audit_log (
  id integer primary key autoincrement, package_id integer, payment_id integer, action text not null, gross_before real, gross_after real,
  note text, created_at timestamp default current_timestamp
);
