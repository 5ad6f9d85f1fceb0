create table sessions (id integer primary key, name text, folder text, started text, ended text, photo_count integer);
create table photos (
  id integer primary key, session_id integer, path text not null, filename text, size integer, width integer, height integer,
  camera text, lens text, iso text, aperture text, shutter text, focal text, taken text, gps_lat real, gps_lon real,
  rating integer, picked integer, score real, exif text, imported text
);
create table jobs (id integer primary key, photo_id integer, kind text, state text, priority integer, params text, error text, created text, finished text);
create table presets (id integer primary key, name text, settings text, favourite integer, created text);
create table statistics (id integer primary key, day text, imported integer, exported integer, seconds real);
create table learning_data (id integer primary key, photo_id integer, feature text, before_value text, after_value text, weight real, created text);
