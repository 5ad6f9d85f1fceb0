create table sessions (
  id integer primary key, name text not null, import_folder text not null, started_at text not null, ended_at text,
  photo_count integer not null default 0 check (photo_count >= 0)
) strict;
create table photos (
  id integer primary key, session_id integer not null references sessions (id), file_path text not null unique, file_name text not null,
  file_size integer, width integer, height integer, camera text, lens text, iso integer, aperture real, shutter_speed text,
  focal_length real, captured_at text, latitude real, longitude real, rating integer not null check (rating between 0 and 5),
  is_picked integer not null check (is_picked in (0, 1)), ai_score real, exif_data text, imported_at text not null
) strict;
create table jobs (
  id integer primary key, photo_id integer not null references photos (id), job_type text not null,
  status text not null check (status in ('pending', 'processing', 'completed', 'failed')), priority integer not null,
  parameters text, error_message text, created_at text not null, completed_at text
) strict;
create table presets (id integer primary key, name text not null unique, parameters text not null, is_favourite integer not null, created_at text not null) strict;
create table statistics (id integer primary key, date text not null unique, photos_imported integer not null, photos_exported integer not null, processing_seconds real not null) strict;
create table learning_data (
  id integer primary key, photo_id integer references photos (id), parameter text not null, original_value text, adjusted_value text,
  weight real not null, created_at text not null
) strict;
create index photos_session on photos (session_id);
create index jobs_photo on jobs (photo_id);
